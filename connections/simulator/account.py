"""Account calls: summary, address, e-mail addresses, the privileges of the user behind the token."""

from . import errors, roles
from .call import Call, csv_values
from .checks import Record, Text
from .contact_parts import EMAIL
from .messages import Json, Response, json_response
from .routes import route

_SUMMARY = Record(
    {
        "contact_email": EMAIL,
        "contact_phone": Text(25),
        "country_code": Text(2, 2),
        **dict.fromkeys(("first_name", "last_name"), Text(80)),
        **dict.fromkeys(("organization_name", "organization_phone"), Text(255)),
        "state_code": Text(2),
        "time_zone_id": Text(80),
        "website": Text(255),
    }
)
_ADDRESS = Record(
    {
        "address_line1": Text(80, 1),
        "address_line2": Text(80, 1),
        "address_line3": Text(80, 1),
        "city": Text(80, 1),
        "state_code": Text(2),
        "state_name": Text(80),
        "postal_code": Text(25),
        "country_code": Text(2, 2),
    },
    required=("address_line1", "city", "country_code"),
)
_EMAIL = Record({"email_address": EMAIL}, required=("email_address",))
_CONFIRM = {"CONFIRMED": "CONFIRMED", "C": "CONFIRMED", "UNCONFIRMED": "UNCONFIRMED", "U": "UNCONFIRMED"}
_ROLE_CODES = {"C": "CONTACT", "B": "BILLING", "J": "JOURNALING", "R": "REPLY_TO", "O": "OTHER"}


@route("GET", "/account/summary", scope="account_read", privilege="account:read")
def get_summary(call: Call) -> Response:
    """The account's own data, with address and logo when asked for."""
    extra = csv_values(call.parameters("extra_fields").get("extra_fields", ""))
    if any(name not in ("physical_address", "company_logo") for name in extra):
        raise errors.invalid("extra_fields does not have a valid value")
    summary = _cased(call, call.account.summary)
    if "physical_address" in extra and call.account.physical_address is not None:
        summary["physical_address"] = _cased(call, call.account.physical_address)
    if "company_logo" in extra:
        summary["company_logo"] = {
            "url": f"https://files.constantcontact.example/{call.account.account_id}/logo.png",
            "external_url": f"https://{call.account.summary['website']}/logo.png",
            "internal_id": "1",
        }
    return json_response(200, summary)


def _cased(call: Call, part: Json) -> Json:
    """A part of the account with its country in upper case, where the switch says so."""
    upper = call.switch("country_case") == "upper"
    return {**part, "country_code": part["country_code"].upper()} if upper else dict(part)


@route("PUT", "/account/summary", scope="account_update", privilege="account:update")
def put_summary(call: Call) -> Response:
    """Changes what is given of the account's own data; ids are never written."""
    body = call.body(_SUMMARY)
    changes = {name: body[name] for name in _SUMMARY.properties if name in body}
    if "contact_email" in changes and not _confirmed(call, changes["contact_email"]):
        raise errors.invalid("contact_email must be a confirmed email address of the account")
    summary = {**call.account.summary, **changes}
    call.commit({"do": "account.save", "changes": {"summary": summary}})
    return json_response(
        200, {name: value for name, value in summary.items() if name != "encoded_partner_id"}
    )


def _confirmed(call: Call, address: str) -> bool:
    return any(
        email["email_address"].lower() == address.lower() and email["confirm_status"] == "CONFIRMED"
        for email in call.account.emails
    )


@route("GET", "/account/summary/physical_address", scope="account_read", privilege="account:read")
def get_address(call: Call) -> Response:
    """The address that stands at the foot of every mail."""
    if call.account.physical_address is None:
        raise errors.not_found("Physical address")
    return json_response(200, _cased(call, call.account.physical_address))


@route("POST", "/account/summary/physical_address", scope="account_update", privilege="account:update")
def post_address(call: Call) -> Response:
    """Gives the account its address; it has one only."""
    body = call.body(_ADDRESS)
    if call.account.physical_address is not None:
        raise errors.conflict("The account already has a physical address.")
    return _save_address(call, body, 201)


@route("PUT", "/account/summary/physical_address", scope="account_update", privilege="account:update")
def put_address(call: Call) -> Response:
    """Replaces the address whole; what is left out is gone."""
    return _save_address(call, call.body(_ADDRESS), 200)


def _save_address(call: Call, body: Json, status: int) -> Response:
    at_home = body["country_code"].upper() in ("US", "CA")
    if at_home and "state_name" in body:
        raise errors.invalid("state_name is not allowed for this country_code")
    if not at_home and "state_code" in body:
        raise errors.invalid("state_code is not allowed for this country_code")
    address = {name: body[name] for name in _ADDRESS.properties if name in body}
    call.commit({"do": "account.save", "changes": {"physical_address": address}})
    return json_response(status, address)


@route("POST", "/account/emails", scope="account_update", privilege="account:update")
def post_email(call: Call) -> Response:
    """Adds an address of the account's own; it waits for its confirmation."""
    address = call.body(_EMAIL)["email_address"]
    if any(email["email_address"].lower() == address.lower() for email in call.account.emails):
        raise errors.conflict("The email address already exists in the account.")
    email: Json = {
        "email_id": max((item["email_id"] for item in call.account.emails), default=0) + 1,
        "email_address": address,
        "confirm_status": "UNCONFIRMED",
        "roles": [],
        "pending_roles": [],
    }
    call.commit({"do": "account.save", "changes": {"emails": [*call.account.emails, email]}})
    shown = ("email_address", "email_id", "confirm_status")
    return json_response(201, {name: email[name] for name in shown})


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
