"""The provider's resources by name: what each is called, where it lies, and what can be done with it. Pure data.

A method is a verb and a path below the provider's root. `{id}` in a path is the item's, from our address; every other
name in braces is taken from the query (`campaign_activity_id=...`) and not sent on. `list`, `get`, `create`, `update`
and `delete` are the methods behind GET, POST, PATCH and DELETE; the others are called as `POST .../{method}`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Method:
    """One call of the provider's."""

    verb: str
    path: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in its path, `id` among them, in their order."""
        return tuple(_NAME.findall(self.path))

    @property
    def takes_body(self) -> bool:
        """Whether the provider reads a body."""
        return self.verb in ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class Resource:
    """One kind of object at the provider."""

    words: str
    methods: Mapping[str, Method]
    # Where the items of a list stand in the answer; empty where the answer itself is the list.
    items: str = ""


def _of(words: str, /, items: str = "", **methods: str) -> Resource:
    """`methods` as `VERB path`."""
    made = {name: Method(*text.split(" ", 1)) for name, text in methods.items()}
    return Resource(words, made, items)


def _whole(words: str, path: str, items: str, /, update: str = "PUT", **others: str) -> Resource:
    """What can be listed, read, created, changed and deleted under one path."""
    return _of(
        words,
        items,
        list=f"GET {path}",
        get=f"GET {path}/{{id}}",
        create=f"POST {path}",
        update=f"{update} {path}/{{id}}",
        delete=f"DELETE {path}/{{id}}",
        **others,
    )


_MAIL: Final = "/emails/activities/{campaign_activity_id}"
_EVENT: Final = "/events/{event_id}/tracks/{track_id}/registrations"
_PARTNER: Final = "/partner/accounts"
_HOOKS: Final = "/partner/webhooks/subscriptions"


def _tracking(words: str, name: str) -> Resource:
    path = f"/reports/email_reports/{{campaign_activity_id}}/tracking/{name}"
    return _of(words, "tracking_activities", list=f"GET {path}")


def _landing(words: str, name: str) -> Resource:
    path = f"/reports/landing_pages/campaign_details/{{campaign_activity_id}}/{name}"
    return _of(words, "tracking_activities", list=f"GET {path}")


RESOURCES: Final[Mapping[str, Resource]] = {
    "account_emails": _of(
        "The account's e-mail addresses", list="GET /account/emails", create="POST /account/emails"
    ),
    "account_physical_address": _of(
        "The account's postal address",
        get="GET /account/summary/physical_address",
        create="POST /account/summary/physical_address",
        update="PUT /account/summary/physical_address",
    ),
    "account_summary": _of("The account itself", get="GET /account/summary", update="PUT /account/summary"),
    "activities": _of(
        "Bulk activities",
        "activities",
        list="GET /activities",
        get="GET /activities/{id}",
        add_list_memberships="POST /activities/add_list_memberships",
        contact_delete="POST /activities/contact_delete",
        contact_exports="POST /activities/contact_exports",
        contacts_file_import="POST /activities/contacts_file_import",
        contacts_json_import="POST /activities/contacts_json_import",
        contacts_taggings_add="POST /activities/contacts_taggings_add",
        contacts_taggings_remove="POST /activities/contacts_taggings_remove",
        contacts_tags_delete="POST /activities/contacts_tags_delete",
        custom_fields_delete="POST /activities/custom_fields_delete",
        list_delete="POST /activities/list_delete",
        remove_list_memberships="POST /activities/remove_list_memberships",
    ),
    "automations": _of(
        "Automations",
        "flow_summaries",
        list="GET /automations/workflows",
        get="GET /automations/workflows/{id}",
        create="POST /automations/workflows",
        update="PUT /automations/workflows/{id}",
    ),
    "contact_custom_fields": _whole("Custom fields", "/contact_custom_fields", "custom_fields"),
    "contact_exports": _of("Files of finished exports, as CSV", get="GET /contact_exports/{id}"),
    "contact_lists": _whole(
        "Contact lists", "/contact_lists", "lists", list_id_xrefs="GET /contact_lists/list_id_xrefs"
    ),
    "contact_reports": _of(
        "What one contact did with mails",
        activity_details="GET /reports/contact_reports/{id}/activity_details",
        activity_summary="GET /reports/contact_reports/{id}/activity_summary",
        open_and_click_rates="GET /reports/contact_reports/{id}/open_and_click_rates",
    ),
    "contact_tags": _whole("Tags", "/contact_tags", "tags"),
    "contacts": _whole(
        "Contacts",
        "/contacts",
        "contacts",
        contact_id_xrefs="GET /contacts/contact_id_xrefs",
        counts="GET /contacts/counts",
        resubscribe="PUT /contacts/resubscribe/{id}",
        sign_up_form="POST /contacts/sign_up_form",
        sms_engagement_history="GET /contacts/sms_engagement_history/{id}",
    ),
    "email_abtests": _of(
        "A/B tests of a mail",
        get=f"GET {_MAIL}/abtest",
        create=f"POST {_MAIL}/abtest",
        delete=f"DELETE {_MAIL}/abtest",
    ),
    "email_activities": _of(
        "The mails of a campaign",
        get="GET /emails/activities/{id}",
        update="PUT /emails/activities/{id}",
        previews="GET /emails/activities/{id}/previews",
        tests="POST /emails/activities/{id}/tests",
    ),
    "email_campaign_activity_stats": _of(
        "Figures of mails", get="GET /reports/stats/email_campaign_activities/{id}"
    ),
    "email_campaign_stats": _of("Figures of campaigns", get="GET /reports/stats/email_campaigns/{id}"),
    "email_campaign_summaries": _of(
        "Figures of every e-mail campaign",
        "bulk_email_campaign_summaries",
        list="GET /reports/summary_reports/email_campaign_summaries",
    ),
    "email_link_reports": _of("Clicks by link of a mail", get="GET /reports/email_reports/{id}/links"),
    "email_resends": _of(
        "Resends to who did not open",
        list=f"GET {_MAIL}/non_opener_resends",
        create=f"POST {_MAIL}/non_opener_resends",
        delete=f"DELETE {_MAIL}/non_opener_resends/{{id}}",
    ),
    "email_schedules": _of(
        "When a mail goes out",
        list=f"GET {_MAIL}/schedules",
        create=f"POST {_MAIL}/schedules",
        delete=f"DELETE {_MAIL}/schedules",
    ),
    "email_send_history": _of("When a mail went out", list=f"GET {_MAIL}/send_history"),
    "email_tracking_bounces": _tracking("Who bounced", "bounces"),
    "email_tracking_clicks": _tracking("Who clicked", "clicks"),
    "email_tracking_didnotopens": _tracking("Who did not open", "didnotopens"),
    "email_tracking_forwards": _tracking("Who forwarded", "forwards"),
    "email_tracking_opens": _tracking("Who opened", "opens"),
    "email_tracking_optouts": _tracking("Who opted out", "optouts"),
    "email_tracking_sends": _tracking("Whom it was sent to", "sends"),
    "email_tracking_unique_opens": _tracking("Who opened, once each", "unique_opens"),
    "emails": _whole(
        "E-mail campaigns",
        "/emails",
        "campaigns",
        update="PATCH",
        campaign_id_xrefs="GET /emails/campaign_id_xrefs",
    ),
    "event_registrations": _of(
        "Who registered for an event",
        "records",
        list=f"GET {_EVENT}",
        get=f"GET {_EVENT}/{{id}}",
        payment_status=f"PUT {_EVENT}/payment_status",
        status=f"PUT {_EVENT}",
    ),
    "events": _of(
        "Events",
        "records",
        list="GET /events",
        get="GET /events/{id}",
        update="PATCH /events/{id}",
        check_in_tickets="POST /events/{id}/check_in/tickets",
        copy="POST /events/{id}/copy",
        default="POST /events/default",
        undo_check_in_tickets="POST /events/{id}/undo_check_in/tickets",
    ),
    "landing_page_contact_adds": _landing("Who was added by a page", "p_unique_contact_adds"),
    "landing_page_contact_clicks": _landing("Who clicked on a page", "p_unique_contact_clicks"),
    "landing_page_contact_opens": _landing("Who opened a page", "p_contact_opens"),
    "landing_page_contact_sms_optins": _landing(
        "Who opted in to SMS by a page", "p_unique_contact_sms_optins"
    ),
    "landing_page_contact_unique_opens": _landing("Who opened a page, once each", "p_unique_contact_opens"),
    "landing_page_contact_updates": _landing("Who was updated by a page", "p_unique_contact_updates"),
    "partner_accounts": _of(
        "A partner's client accounts",
        "site_owner_list",
        list=f"GET {_PARTNER}",
        create=f"POST {_PARTNER}",
        account_operations_sync=f"POST {_PARTNER}/{{id}}/account_operations/sync",
        cancel=f"PUT {_PARTNER}/{{id}}/status/cancel",
        contacts_unsubscribe=f"POST {_PARTNER}/{{id}}/contacts/unsubscribe",
        users_sso=f"POST {_PARTNER}/{{id}}/users/sso",
    ),
    "partner_plans": _of(
        "The plan of a client account",
        get=f"GET {_PARTNER}/{{id}}/plan",
        update=f"PUT {_PARTNER}/{{id}}/plan",
    ),
    "partner_webhook_subscriptions": _of(
        "A partner's webhooks",
        list=f"GET {_HOOKS}",
        get=f"GET {_HOOKS}/{{id}}",
        update=f"PUT {_HOOKS}/{{id}}",
        delete=f"DELETE {_HOOKS}/{{id}}",
        tests=f"POST {_HOOKS}/{{id}}/tests",
    ),
    "segments": _whole("Segments", "/segments", "segments", name="PATCH /segments/{id}/name"),
    "sms_campaign_summaries": _of(
        "Figures of every SMS campaign",
        "bulk_sms_campaign_summaries",
        list="GET /reports/summary_reports/sms_campaign_summaries",
    ),
    "social_connections": _of("Connected social accounts", list="GET /social/connections"),
    "social_hashtag_groups": _of("Groups of hashtags", "hashtag_groups", list="GET /social/hashtags/groups"),
    "social_posts": _of("Social posts", create="POST /social/posts"),
    "social_profiles": _of("Social profiles", list="GET /social/profiles"),
    "user_privileges": _of(
        "What the person may do who linked the account", list="GET /account/user/privileges"
    ),
}
