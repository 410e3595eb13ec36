"""The partner's calls on its customers' accounts: list them, open one, its plan and its end."""

from urllib.parse import urlencode

from . import errors, resources, seeds
from .call import Call
from .checks import Flag, Number, OneOf, Record, Text
from .clock import DAY, parse_time
from .contact_parts import EMAIL
from .messages import Json, Response, json_response
from .partner_hooks import notify
from .routes import PARTNER, route
from .store import Account, Store, effect

_PROVISION = Record(
    {
        "contact_email": EMAIL,
        "contact_phone": Text(25, 5),
        "country_code": Text(3, 2),
        "organization_name": Text(50, 1),
        "organization_phone": Text(25, 5),
        "state_code": Text(2),
        "time_zone_id": Text(80),
        "website": Text(255),
        "login_name": Text(50, 6),
        "password": Text(80, 8),
        "first_name": Text(80, 2),
        "last_name": Text(80, 2),
        "partner_account_id": Text(80),
        "billing_locale": OneOf(("en_US", "en_GB")),
        "managed_site_owner": Flag(),
        "enable_single_billing": Flag(),
        "gdpr_opt_out": Flag(),
        "external_id": Text(255),
        "external_provider": Text(80),
    },
    required=("contact_email", "country_code", "login_name", "state_code"),
)
_PLANS = ("TRIAL", "BRONZE", "SILVER", "GOLD")
_PLAN = Record(
    {"plan_type": OneOf(_PLANS), "plan_group_id": Number(0), "billing_day_of_month": Number(1, 31)}
)
_CANCEL = Record({"reason_id": Number(1, 100), "effective_date": Text()})
ACCOUNT = "/partner/accounts/{encoded_account_id}"


def child_of(call: Call, account_id: str) -> Account:
    """The customer's account that a call is about; from here on the call is about it."""
    account = call.store.accounts.get(account_id)
    if account is None:
        raise errors.not_found("Account")
    call.account = account
    return account


def _plan(account: Account) -> Json:
    kept = account.shelves.get("plan", {}).get("plan")
    return kept or {
        "plan_type": "GOLD",
        "billing_status": "Open",
        "billing_day_of_month": 15,
        "managed": True,
    }


@route("GET", "/partner/accounts", scope=PARTNER)
def get_accounts(call: Call) -> Response:
    """A page of the partner's accounts, by offset; a limit out of range is ignored."""
    asked = call.parameters("offset", "limit", "account_type")
    kind = asked.get("account_type", "all")
    if kind not in ("all", "managed", "unmanaged"):
        raise errors.invalid("account_type does not have a valid value")
    limit, offset = _number(asked.get("limit", ""), 10, 50, 50), _number(asked.get("offset", ""), 0, 10**9, 0)
    found = [
        account
        for account in call.store.accounts.values()
        if kind == "all" or _plan(account)["managed"] == (kind == "managed")
    ]
    owners = [
        {
            "encoded_account_id": account.account_id,
            "subscriber_count": _subscribers(account),
            "organization_name": account.summary["organization_name"],
            "site_owner_name": f"{account.summary['first_name']} {account.summary['last_name']}",
            "billing_status": _plan(account)["billing_status"],
            "last_login_date": call.time(call.now // DAY * DAY - DAY),
        }
        for account in found[offset : offset + limit]
    ]
    body: Json = {"site_owner_list": owners}
    if offset + limit < len(found):
        query = urlencode({"limit": limit, "offset": offset + limit, "account_type": kind})
        body["_links"] = {"next": {"href": f"/v3/partner/accounts?{query}"}}
    return json_response(200, body)


def _number(text: str, least: int, most: int, usual: int) -> int:
    right = text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most
    return int(text) if right else usual


def _subscribers(account: Account) -> int:
    return account.counts.get("explicit", 0) + account.counts.get("implicit", 0)


@route("POST", "/partner/accounts", scope=PARTNER)
def post_account(call: Call) -> Response:
    """Opens a trial account for a customer."""
    body = call.body(_PROVISION)
    login = body["login_name"]
    if any(
        user.login == login for account in call.store.accounts.values() for user in account.users.values()
    ):
        raise errors.conflict("The login_name is already in use.")
    if not body.get("password") and not (body.get("external_id") and body.get("external_provider")):
        raise errors.invalid("password is missing")
    # A password is never kept, and so never stands in the journal.
    kept = {
        name: value for name, value in body.items() if name != "password" and name in _PROVISION.properties
    }
    number = len(call.store.accounts)
    account_id = seeds.account_id(call.store.seed, number)
    call.commit({"do": "account.open", "account": account_id, "number": number, "wish": kept})
    uuid = call.new_id("provision")
    return json_response(201, {"encoded_account_id": account_id, "provision_uuid": uuid})


@effect("account.open")
def _open_account(store: Store, change: Json, at: int) -> None:
    wish = change["wish"]
    name = wish.get("organization_name") or wish["login_name"]
    account = seeds.new_account(store.seed, name, change["number"])
    account.summary.update({key: value for key, value in wish.items() if key in account.summary})
    for user in account.users.values():
        if user.role == "owner":
            user.login = wish["login_name"]
    account.emails[0]["email_address"] = wish["contact_email"]
    managed = wish.get("managed_site_owner", True)
    plan = {"plan_type": "TRIAL", "billing_status": "Trial", "billing_day_of_month": None, "managed": managed}
    account.shelves["plan"] = {"plan": plan}
    store.accounts[account.account_id] = account


# --- plan -------------------------------------------------------------------------------------------------


def _show_plan(call: Call, account: Account, plan: Json) -> Json:
    used = _subscribers(account)
    tier, most = 1, 500
    while used > most:
        tier, most = tier + 1, most * 2
    shown: Json = {
        "usage_type": "CONTACTS",
        "current_usage": float(used),
        "tier": tier,
        "tier_min": 0.0 if tier == 1 else most / 2 + 1,
        "tier_max": float(most),
        "price": 20.0 * tier,
        "currency_code": "USD",
    }
    names = ("plan_type", "billing_status", "billing_day_of_month")
    return {**{name: plan[name] for name in names if plan[name] is not None}, "current_tiers": [shown]}


@route("GET", f"{ACCOUNT}/plan", scope=PARTNER)
def get_plan(call: Call, account_id: str) -> Response:
    """The account's plan and its tier."""
    account = child_of(call, account_id)
    return json_response(200, _show_plan(call, account, _plan(account)))


@route("PUT", f"{ACCOUNT}/plan", scope=PARTNER)
def put_plan(call: Call, account_id: str) -> Response:
    """Changes the plan; nothing leads back to a trial."""
    account = child_of(call, account_id)
    body, plan = call.body(_PLAN), _plan(account)
    wanted = body.get("plan_type", plan["plan_type"])
    if wanted == "TRIAL" and plan["plan_type"] != "TRIAL":
        raise errors.invalid("plan_type can not be changed back to TRIAL")
    day = body.get("billing_day_of_month", plan["billing_day_of_month"])
    status = "Trial" if wanted == "TRIAL" else "Open"
    changed = {**plan, "plan_type": wanted, "billing_day_of_month": day, "billing_status": status}
    resources.save(call, ("plan", "plan", changed))
    return json_response(200, _show_plan(call, account, changed))


@route("PUT", f"{ACCOUNT}/status/cancel", scope=PARTNER)
def cancel_account(call: Call, account_id: str) -> Response:
    """Cancels the account's plan, now or on a day to come."""
    account = child_of(call, account_id)
    body = call.body(_CANCEL) if call.request.body else {}
    at = parse_time(body["effective_date"]) if "effective_date" in body else call.now
    if at is None:
        raise errors.invalid("effective_date is not a valid ISO-8601 date")
    changed = {**_plan(account), "billing_status": "Canceled", "canceled": at}
    posts = notify(call, "3", account_id)
    resources.save(call, ("plan", "plan", changed), would_post=posts)
    shown: Json = {"effective_date": call.time(at)}
    return json_response(200, {"reason_id": body["reason_id"], **shown} if "reason_id" in body else shown)
