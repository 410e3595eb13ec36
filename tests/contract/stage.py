"""A simulator with one of everything, and good requests for every operation, made from the description."""

import base64
import io
from functools import cached_property
from typing import Any

import httpx

from connections.simulator.partner_access import TOKEN_PATH
from tests.contract.swagger import Operation, Schema, Swagger
from tests.simulator.rig import HARBOR, Caller, Rig

Json = dict[str, Any]
DAY = "2026-02-01T00:00:00Z"
CRITERIA = '{"version":"1.0.0","criteria":{"type":"and","group":[{"source":"tracking","field":"opened"}]}}'

# What a property of this name holds in a good request, where its type alone does not say it.
VALUES: Json = {
    "account_operation_headers": [{"header_key": "Accept", "header_value": "application/json"}],
    "account_operation_method": "GET",
    "account_operation_path_parameters": [],
    "account_operation_payload": "{}",
    "account_operation_query_parameters": [{"query_param_key": "limit", "query_param_value": "1"}],
    "account_operation_url": "/v3/contacts",
    "address": "new.person@example.org",
    "all_active_contacts": None,
    "anniversary": "2020-05-06",
    "billing_day_of_month": 7,
    "billing_locale": "en_US",
    "birthday_day": 6,
    "birthday_month": 5,
    "choice_ids": None,
    "consent_type": "promotional_sms",
    "contact_email": "owner@harborbooks.example",
    "contact_phone": "+1 555 0100",
    "country_code": "US",
    "create_source": "Account",
    "currency_code": "USD",
    "decimal_places": 2,
    "delay_minutes": None,
    "delay_days": 3,
    "dial_code": "1",
    "display_type": "dropdown",
    "effective_date": DAY,
    "email": "imported@example.org",
    "email_address": "signed.up@example.org",
    "email_addresses": ["ana.adler.0@example.org"],
    "engagement_level": None,
    "exclude": None,
    "full_sms_address": "+16175550199",
    "hook_uri": "https://vendor.example/hooks",
    "kind": "home",
    "login_name": "new.login",
    "new_subscriber": None,
    "opt_out_reason": None,
    "organization_phone": "+1 555 0101",
    "password": "correct horse battery",
    "payment_status": "PAID",
    "permission_to_send": "implicit",
    "phone_number": "+1 555 0102",
    "plan_type": "SILVER",
    "reason_id": 1,
    "registration_status": "CANCELED",
    "role_name": "account_manager",
    "scheduled_date": DAY,
    "scheduled_time": DAY,
    "segment_criteria": CRITERIA,
    "sms_address": "6175550198",
    "sms_consent_date": "2026-02-01",
    "sms_consent_permission": "explicit",
    "sms_number": "6175550197",
    "sms_permission_to_send": "not_set",
    "state_code": "MA",
    "state_name": None,
    "status": "DRAFT",
    "test_size": 10,
    "type": "single_select",
    "update_source": "Account",
    "value": "C-1",
    "version": 2,
    "winner_wait_duration": 6,
}

# Properties that hold ids under another name.
_OTHER_NAMES = {"list_memberships": "list_id", "contact_list_ids": "list_id", "taggings": "tag_id"}


class Stage:
    """One simulator with a lively account, its caller and the partner."""

    def __init__(self, swagger: Swagger) -> None:
        self.swagger = swagger
        self.rig = Rig(accounts=12)
        self.made = 0
        self.harbor = self.rig.sign_in(HARBOR)
        self.account_id = self.harbor.get("/account/summary")["encoded_account_id"]

    def close(self) -> None:
        assert self.rig.simulator.defects == 0

    @cached_property
    def partner(self) -> Caller:
        secret = self.rig.control("GET", "/partner")
        basic = base64.b64encode(f"{secret['client_id']}:{secret['client_secret']}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        grant = self.rig.http.post(TOKEN_PATH, data={"grant_type": "client_credentials"}, headers=headers)
        caller = Caller(self.rig, grant.json()["access_token"])
        caller.headers["x-api-key"] = self.rig.app()["client_id"]
        return caller

    # --- one of everything -------------------------------------------------------------------------------

    def known(self, name: str) -> Any:
        """The id of something that is there, by the name of a parameter or a property."""
        finder = getattr(self, f"find_{name}", None)
        return None if finder is None else finder()

    def find_contact_id(self) -> str:
        return self.harbor.get("/contacts", limit=1)["contacts"][0]["contact_id"]

    def find_list_id(self) -> str:
        return self.harbor.get("/contact_lists", limit=1)["lists"][0]["list_id"]

    def find_tag_id(self) -> str:
        return self.harbor.get("/contact_tags", limit=1)["tags"][0]["tag_id"]

    def fields(self) -> dict[str, str]:
        found = self.harbor.get("/contact_custom_fields", limit=100)["custom_fields"]
        return {item["type"]: item["custom_field_id"] for item in found}

    def find_custom_field_id(self) -> str:
        return self.fields()["single_select"]

    def find_activity_id(self) -> str:
        lists = [self.find_list_id()]
        made = self.harbor.post("/activities/contact_delete", {"list_ids": lists})
        return self.harbor.finished(made)["activity_id"]

    def find_file_export_id(self) -> str:
        return self.harbor.finished(self.harbor.post("/activities/contact_exports", {}))["activity_id"]

    def find_segment_id(self) -> str:
        return "1"

    def find_campaign_id(self) -> str:
        return self.harbor.get("/emails", limit=1)["campaigns"][0]["campaign_id"]

    def find_campaign_activity_id(self) -> str:
        campaign = self.harbor.get(f"/emails/{self.find_campaign_id()}")
        return campaign["campaign_activities"][0]["campaign_activity_id"]

    find_campaign_ids = find_campaign_id
    find_campaign_activity_ids = find_campaign_activity_id

    def find_resend_request_id(self) -> str:
        path = f"/emails/activities/{self.find_campaign_activity_id()}/non_opener_resends"
        return self.harbor.post(path, {"resend_subject": "Again", "delay_days": 1})["resend_request_id"]

    def find_event_id(self) -> str:
        return self.harbor.get("/events")["records"][0]["event_id"]

    def find_track_id(self) -> str:
        return self.harbor.get(f"/events/{self.find_event_id()}")["default_track"]["track_id"]

    def registrations(self) -> list[Json]:
        path = f"/events/{self.find_event_id()}/tracks/{self.find_track_id()}/registrations"
        return self.harbor.get(path)["records"]

    def find_registration_id(self) -> str:
        return self.registrations()[0]["registration_id"]

    def find_registration_ids(self) -> list[str]:
        return [self.find_registration_id()]

    def find_order_ticket_keys(self) -> list[str]:
        track = f"/events/{self.find_event_id()}/tracks/{self.find_track_id()}"
        path = f"{track}/registrations/{self.find_registration_id()}"
        return [self.harbor.get(path)["tickets"][0]["order_ticket_key"]]

    def find_automation_flow_id(self) -> str:
        return self.harbor.get("/automations/workflows")["flow_summaries"][0]["id"]

    def find_encoded_account_id(self) -> str:
        return self.account_id

    def find_topic_id(self) -> str:
        self.partner.put("/partner/webhooks/subscriptions/1", {"hook_uri": VALUES["hook_uri"]})
        return "1"

    def find_profile_id(self) -> str:
        return self.harbor.call("GET", "/social/profiles").json()[0]["profile_id"]

    # --- good requests -------------------------------------------------------------------------------------

    def fill(self, schema: Schema, name: str = "", above: tuple[str, ...] = ()) -> Any:
        """A value that a schema allows, with every property that a caller may write."""
        ref = schema.get("$ref", "")
        if ref and ref in above:
            return None
        schema, above = self.swagger.open(schema), (*above, ref)
        if name in VALUES and (VALUES[name] is None or schema.get("type") != "object"):
            return str(VALUES[name]) if schema.get("type") == "string" and VALUES[name] else VALUES[name]
        singular = name.removesuffix("s") if name.endswith("_ids") else name
        known = self.known(name) or (self.known(singular) if name.endswith(("_id", "_ids")) else None)
        if name in _OTHER_NAMES:
            known = self.known(_OTHER_NAMES[name])
        if known is not None and schema.get("type") != "object":
            if schema.get("type") != "array":
                return known
            known = known if isinstance(known, list) else [known]
            return [int(item) for item in known] if schema["items"].get("type") == "integer" else known
        return self._made(schema, name, above)

    def _made(self, schema: Schema, name: str, above: tuple[str, ...]) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "")
        if kind == "object":
            made = {
                key: self.fill(child, key, above)
                for key, child in schema.get("properties", {}).items()
                if not child.get("readOnly") and not self.swagger.open(child).get("readOnly")
            }
            return {key: value for key, value in made.items() if value is not None}
        if kind == "array":
            item = self.fill(schema["items"], name, above)
            if item is None:
                return [] if schema["items"].get("$ref") in above else None
            return [item]
        if kind == "string":
            return self._text(schema, name)
        return {"integer": 1, "number": 1.5, "boolean": False}.get(str(kind))

    def _text(self, schema: Schema, name: str) -> str:
        forms = {"uuid": "7f0c2a52-6d7e-4c55-9a43-0d9a5a3d1b1e", "date-time": DAY, "date": DAY[:10]}
        if schema.get("format") in forms:
            return forms[schema["format"]]
        if "email" in name:
            return "owner@harborbooks.example"
        text = f"New {name.replace('_', ' ')}"
        return text[: schema.get("maxLength", 100)]

    def send(
        self,
        operation: Operation,
        *,
        ids: Json | None = None,
        query: Json | None = None,
        body: Any = None,
        upload: Json | None = None,
    ) -> httpx.Response:
        """One call of an operation."""
        path = operation.path
        for parameter in operation.parameters:
            if parameter["in"] == "path":
                name = parameter["name"]
                value = (ids or {}).get(name) or self.known(name)
                path = path.replace("{" + name + "}", str(value))
        caller = self.partner if path.startswith("/partner") else self.harbor
        more: Json = {"params": query} if query else {}
        if upload is not None:
            fields: Json = {key: (None, value) for key, value in upload.items() if key != "file"}
            if "file" in upload:
                fields["file"] = ("people.csv", io.BytesIO(upload["file"].encode()), "text/csv")
            more["files"] = fields
        elif body is not None:
            more["json"] = body
        return caller.call(operation.method, path, **more)
