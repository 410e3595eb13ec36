"""The published names, types and limits of campaigns, automations and social posts, in the notation of `shapes`."""

from .shapes import Shapes

_CAMPAIGNS = """
ABTestData = {alternative_subject*:text test_size*:int winner_wait_duration*:int}
ActivityReference = {campaign_activity_id:text role:text document_id:text}
CrossReference = {v2_email_campaign_id:text campaign_id:uuid campaign_activity_id:uuid}
EmailCampaign = {campaign_activities:[ActivityReference] campaign_id:text created_at:time~
  current_status:text name:text80 type:text type_code:int updated_at:time~}
EmailCampaignActivity = {campaign_activity_id:text~ campaign_id:text~ role:text~ contact_list_ids:[text]
  segment_ids:[int] current_status:text~ format_type:int~ from_email*:text from_name*:text
  reply_to_email*:text subject*:text html_content:text permalink_url:text~ preheader:text
  physical_address_in_footer:EmailPhysicalAddress document_id:text
  document_properties:{style_content:text150000 letter_format:text~ greeting_salutation:text50
  greeting_name_type:text greeting_secondary:text1500 subscribe_link_enabled:text subscribe_link_name:text80
  text_content:text150000 permission_reminder_enabled:text permission_reminder:text1500
  view_as_webpage_enabled:text view_as_webpage_text:text50 view_as_webpage_link_name:text
  forward_email_link_enabled:text forward_email_link_name:text80}}
EmailCampaignActivityInput = {format_type*:int from_name*:text100 from_email*:text80 reply_to_email*:text80
  subject*:text preheader:text200 html_content*:text150000 physical_address_in_footer:EmailPhysicalAddress}
EmailCampaignActivityPreview = {campaign_activity_id:text from_email:text from_name:text preheader:text
  preview_html_content:text preview_text_content:text reply_to_email:text subject:text}
EmailCampaignComplete = {name*:text80 email_campaign_activities*:[EmailCampaignActivityInput]}
EmailCampaignName = {name*:text80}
EmailCampaigns = {campaign_id:text created_at:time~ current_status:text name:text80 type:text type_code:int
  updated_at:time~}
EmailPhysicalAddress = {address_line1*:text address_line2:text address_line3:text address_optional:text
  city:text country_code*:text country_name:text~ organization_name*:text postal_code:text state_code:text
  state_name:text~ state_non_us_name:text}
EmailScheduleInput = {scheduled_date*:time}
EmailSendHistory = {send_id:int contact_list_ids:[text] segment_ids:[int] count:int run_date:time
  send_status:text reason_code:int}
EmailTestSendInput = {email_addresses*:[text<=5] personal_message:text}
ResendToNonOpenersInput = {resend_subject*:text delay_days:int delay_minutes:int}
ResendToNonOpenersObject = {resend_subject:text delay_days:int delay_minutes:int resend_date:time~
  resend_request_id:text}
"""
_AUTOMATIONS = """
AutomationCampaign = {id:text name:text description:text structured_tags:[AutomationStructuredTag]
  status:text active_definition:AutomationWorkflowDefinition draft_definition:AutomationWorkflowDefinition
  name_explicitly_set:flag}
AutomationCampaignUpdate = {automation_flow:AutomationCampaign}
AutomationFlow = {workflow_def:AutomationWorkflowDef}
AutomationFlowSummaryDto = {active_state:text created_by_id:text created_date:text description:text
  draft_state:text id:text name:text promoted_by_id:text promoted_date:text status:text
  structured_tags:[StructuredTagDto] template_id:text update_date:text}
AutomationStructuredTag = {display_value:text key:text value:text}
AutomationWorkflowDef = {parameters:WorkflowParametersDto correlation_metadata:CorrelationMetadataDto
  tasks:[TaskDto] status:text metadata:any timeout:TimeoutDto upgradable:flag}
AutomationWorkflowDefinition = {state:text trigger:TriggerDto workflow:AutomationFlow}
CorrelationMetadataDto = {automation_flow_id:text automation_template_id:text campaign_id:text}
ParameterDto = {operator:text parameter_name:text parameter_list_value:[text] parameter_string_value:text
  parameter_value:any rule:any type:text}
PropertyComparisonDto = {argument:text array_argument:[text] operator:text property_name:text
  string_map_argument:{custom_field_Id:text value:text} type:text}
StructuredTagDto = {display_value:text key:text value:text}
TaskCorrelationMetadataDto = {campaign_activity_id:text}
TaskDto = {child_tasks:[TaskDto] correlation_metadata:TaskCorrelationMetadataDto else:[TaskDto]
  event_condition:text id:text input:any json_condition:any kind:text metadata:{action:text
  create_from_scratch:flag kind:text list:text} name:text output:any queue_name:text
  retry_options:{backoff_coefficient:int initial_interval:int maximum_attempts:int} script:text
  task_provider_reference_key:text task_skip_condition:text then:[TaskDto] timeout:TimeoutDto}
TimeoutDto = {amount:number time_unit:text}
TriggerDefDto = {parameters:[ParameterDto] action_name:text bounds:{after:text before:text}
  engagement_level:text segment_id:text trigger_date:{date_field:text day_field:text month_field:text
  type:text} type:text unique_by:text}
TriggerDto = {trigger_def:TriggerDefDto trigger_filter:TriggerFilterDto trigger_version:text
  workflow_filter:text}
TriggerFilterDto = {rule:TriggerFilterRuleDto version:text}
TriggerFilterRuleDto = {compound_rule_type:text left:TriggerFilterRuleDto
  property_comparison:PropertyComparisonDto right:TriggerFilterRuleDto rule:TriggerFilterRuleDto target:text
  target_type:text type:text}
WorkflowParametersDto = {automation_flow_id:text automation_flow_name:text campaign_id:text
  discount_code:text}
"""
_SOCIAL = """
AccountInfoDto = {account_url:text~ display_name:text~ image_url:text~ network:text~
  network_account_id:text~ username:text~}
ConnectionDto = {account_info:AccountInfoDto connection_status:ConnectionStatusDto}
ConnectionStatusDto = {error:text~ has_token:flag~ is_active_user:flag~ rate_limited:flag~ status:int~
  token_has_scopes:flag~ token_is_valid:flag~}
HashtagGroupDto = {hashtag_group_id:text~ hashtag_group_name*:text hashtag_names*:[text]}
ImageDto = {image_id:text~ url*:text}
PostCreateDto = {name:text profile_posts*:[ProfilePostDto] scheduled_time:text status*:text}
PostDto = {campaign_id:text~ name:text profile_posts*:[ProfilePostDto] scheduled_time:text status*:text}
ProfileDto = {accessible:flag~ account_info:AccountInfoDto connected*:flag~ handle:text~ image_url:text~
  name:text~ network*:text~ network_profile_id:text~ network_user_id:text~ profile_id*:text~ settings:any~
  url:text~}
ProfilePostDto = {images:[ImageDto] post_content_id:text~ profiles*:[ProfilePostProfileDto] settings:any
  text:text}
ProfilePostProfileDto = {account_username:text~ campaign_activity_id:text~ campaign_activity_status:text~
  campaign_activity_status_date:time~ campaign_activity_status_message:text~ image_url:text~ network:text~
  network_post_id:text~ post_url:text~ profile_id*:text profile_name:text~}
"""
CAMPAIGNS = Shapes(_CAMPAIGNS)
AUTOMATIONS = Shapes(_AUTOMATIONS)
SOCIAL = Shapes(_SOCIAL)
