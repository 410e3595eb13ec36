"""The published names, types and limits of events, their tracks and registrations, in the notation of `shapes`."""

from .shapes import Shapes

EVENTS = Shapes("""
AddressDto = {address_type*:text line1:text80 line2:text80 city:text80 country:text128 country_code:text2
  create_time:text last_update_time:text latitude:number longitude:number location_name:text100
  postal_code:text25 state:text80 state_code:text2}
AttributeDto = {create_time:text last_update_time:text attribute_id:text display_order:int name*:text
  quantity_total:int quantity_remaining:int quantity_sold:int paused_flag:flag deleted_time:text
  status_labels:[StatusDisplayLabelDto]}
ContactDto = {create_time:text email_address:text128 from_email_address:text128 last_update_time:text
  name*:text100 organization_name*:text255 phone_number:text1-25}
DetailedRegistrationDto = {registration_id:text contact_id:text checkedIn_tickets:int checkin_status:text
  eligible_checkin_tickets:int registration_date:time registration_status:text display_physical_tickets:flag
  contact:[SimpleFieldDto] tickets:[RegistrationTicketDto] order_summary:OrderDetailsDto}
EventCopyRequestDto = {target_event_name*:text source_campaign_activities:[uuid]}
EventDto = {description*:text600 title*:text100 name*:text1-100 event_id:uuid campaign_id*:uuid
  event_start*:text event_end*:text event_type*:text eso:text~ contact:ContactDto create_time:text
  active_time:text~ cancelled_time:text~ deleted_time:text~ last_update_time:text address:AddressDto
  currency_type:text default_track*:TrackDto display_contact_flag:flag display_end_time_flag:flag
  display_on_calendar_flag:flag display_time_zone_flag:flag event_calendar_url:text~
  event_metadata:EventMetaDataDto event_code:text event_promotions:[EventPromotionDto]~
  event_settings:EventSettingsDto event_widget_url:text~ failed_campaign_activities:[uuid]~
  location_type*:text notify_owner_on_reg:flag online_meeting:OnlineMeetingDto registration_url:text~
  status:text time_zone*:text time_zone_abbreviation:text~}
EventListingDto = {event_id:text title:text description:text start_time:text end_time:text status:text
  registration_url:text name:text event_type:text location_type:text time_zone_type:text address:AddressDto
  event_registration_summary_metrics:EventRegistrationSummaryMetricDto create_time:text}
EventMediaAssetDto = {create_time:text external_id:text external_url:text internal_id:text
  last_update_time:text media_type:text}
EventMetaDataDto = {items_enabled:flag paid_event:flag promo_codes_enabled:flag}
EventPromotionDto = {assoc_activity_sub_type:text campaign_activity_id:uuid document_id:uuid ext_id:uuid
  default:flag}
EventRegistrationSummaryMetricDto = {registration_count:int ticket_sold:int item_sold:int}
EventSettingsDto = {event_requires_payments:flag item_configured:flag online_payment_configured:flag
  payment_configured:flag promo_code_configured:flag ticket_configured:flag}
ItemDto = {create_time:text last_update_time:text item_id:text display_order:int name*:text description:text
  price:number quantity_total:int quantity_remaining:int quantity_sold:int limit_per_order:int
  show_remaining_flag:flag paused_flag:flag deletable_flag:flag~ media_internal_id:text media_url:text
  time_limit_flag:flag start_time:text end_time:text hidden_flag:flag deleted_time:text
  status_labels:[StatusDisplayLabelDto] attributes:[AttributeDto]}
ItemSummaryDto = {associated:flag display_item_on_promo_redemption:flag hidden_flag:flag item_id:text
  name*:text}
LineItemDetailsDto = {amount:text amount_unformatted:number line_item_type:text name:text}
OnlineMeetingDto = {create_time:text enabled_flag:flag instructions:text label:text last_update_time:text
  provider_type:text url:text}
OrderDetailsDto = {details:[LineItemDetailsDto] number:text payment_method:text payment_status:text
  payment_time:text payment_transaction_id:text tickets_link:text tickets_text:text title:text}
OrderTicketKeysRequestDto = {order_ticket_keys*:[text]}
PaymentStatusUpdateRequestDto = {registration_ids*:[text] payment_status*:text}
PromoCodeDto = {name*:text end_time:text deleted_time:text description:text discount_amount:number
  discount_code_scope:text discount_code_type:text discount_percent:int id:text items:[ItemSummaryDto]
  paused_flag:flag quantity_available:int quantity_total:int quantity_used:int start_time:text status:text
  status_labels:[StatusDisplayLabelDto]~ tickets:[TicketSummaryDto] time_limit_flag:flag}
RegistrantInformationLiteDto = {checkedIn_tickets:int checkin_status:text eligible_checkin_tickets:int
  email_address:text first_name:text last_name:text new_contact:flag payment_status:text
  registration_id:text registration_status:text registration_time:time tickets:int total:number
  track_key:text}
RegistrationStatusUpdateRequestDto = {registration_ids*:[text] registration_status*:text}
RegistrationStatusUpdateResponseDto = {failed_registration_ids:[text]}
RegistrationTicketDto = {checked_in_time:time editable:flag order_ticket_key:text price:number
  ticket_name:text fields:[SimpleFieldDto]}
SimpleFieldDto = {display_order:int field_label:text field_name:text field_type:text label_key:text
  field_value:text choices:[text]}
StatusDisplayLabelDto = {label:text~ label_key:text~}
TicketSummaryDto = {name*:text ticket_id:text ticket_type*:text associated:flag
  display_ticket_on_promo_redemption:flag hidden_flag:flag}
TrackDto = {campaign_activity_id*:uuid~ conf_email_campaign_activity_id:uuid~ create_time:text~
  items_header:text last_update_time:text~ media_assets:[EventMediaAssetDto] overall_ticket_capacity:int
  platform_fee_scope_type:text promo_codes:[PromoCodeDto] reg_manually_closed_flag:flag
  registration_end_time:text registration_type:text restrict_to_single_ticket_flag:flag tickets_header:text
  track_id:text~ items:[ItemDto]~}
""")
