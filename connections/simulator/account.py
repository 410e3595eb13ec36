"""Account calls: summary, e-mail addresses, the privileges of the user behind the token."""

from . import errors, roles
from .call import Call, csv_values
from .messages import Json, Response, json_response
from .routes import route

_CONFIRM = {"CONFIRMED": "CONFIRMED", "C": "CONFIRMED", "UNCONFIRMED": "UNCONFIRMED", "U": "UNCONFIRMED"}
_ROLE_CODES = {"C": "CONTACT", "B": "BILLING", "J": "JOURNALING", "R": "REPLY_TO", "O": "OTHER"}


@route("GET", "/account/summary", scope="account_read", privilege="account:read")
def get_summary(call: Call) -> Response:
    """The account's own data, with address and logo when asked for."""
    extra = csv_values(call.parameters("extra_fields").get("extra_fields", ""))
    if any(name not in ("physical_address", "company_logo") for name in extra):
        raise errors.invalid("extra_fields does not have a valid value")
    summary: Json = dict(call.account.summary)
    if "physical_address" in extra and call.account.physical_address is not None:
        summary["physical_address"] = call.account.physical_address
    if "company_logo" in extra:
        summary["company_logo"] = {
            "url": f"https://files.constantcontact.example/{call.account.account_id}/logo.png",
            "external_url": f"https://{call.account.summary['website']}/logo.png",
            "internal_id": "1",
        }
    return json_response(200, summary)


@route("GET", "/account/emails", scope="account_read", privilege="account:read")
def get_emails(call: Call) -> Response:
    """The account's own addresses, by one filter at a time: a bare array."""
    asked = call.parameters("confirm_status", "role_code", "email_address")
    if len(asked) > 1:
        raise errors.invalid("only one filter can be used at a time")
    found = call.account.emails
    if "confirm_status" in asked:
        status = _CONFIRM.get(asked["confirm_status"].upper())
        if status is None:
            raise errors.invalid("confirm_status does not have a valid value")
        found = [email for email in found if email["confirm_status"] == status]
    if "role_code" in asked:
        code = asked["role_code"].upper()
        role = _ROLE_CODES.get(code, code)
        if role not in _ROLE_CODES.values():
            raise errors.invalid("role_code does not have a valid value")
        found = [email for email in found if role in email["roles"]]
    if "email_address" in asked:
        found = [email for email in found if email["email_address"].lower() == asked["email_address"].lower()]
    shown = [
        {**email, **({"confirm_time": call.time(email["confirm_time"])} if "confirm_time" in email else {})}
        for email in found
    ]
    return json_response(200, shown)


@route("GET", "/account/user/privileges", scope=None)
def get_privileges(call: Call) -> Response:
    """What the user behind the token may do: a bare array, no scope needed."""
    held = roles.ROLES[call.user.role]
    return json_response(
        200,
        [
            {"privilege_id": number, "privilege_name": name}
            for name, number in roles.PRIVILEGES.items()
            if name in held
        ],
    )
