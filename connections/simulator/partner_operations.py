"""What a partner does within a customer's account: users, opt-outs, and any ordinary call in its owner's name."""

from urllib.parse import quote, urlencode

from . import errors, routes
from .call import Call
from .checks import Flag, Many, OneOf, Record, Text
from .contact_parts import EMAIL, deleted
from .messages import Json, Request, Response, json_response
from .partner import ACCOUNT, child_of
from .permissions import opt_out
from .records import User, to_json
from .routes import PARTNER, route
from .store import Store, effect

_PAIRS = {
    "query_parameters": "query_param",
    "path_parameters": "path_param",
    "headers": "header",
}
_SYNC = Record(
    {
        "account_operation_url": Text(2000, 1),
        "account_operation_method": OneOf(("GET", "POST", "PUT", "PATCH", "DELETE")),
        "account_operation_payload": Text(),
        **{
            f"account_operation_{name}": Many(Record({f"{key}_key": Text(), f"{key}_value": Text()}), 100)
            for name, key in _PAIRS.items()
        },
    },
    required=("account_operation_url", "account_operation_method"),
)
_USER = Record(
    {
        "first_name": Text(80, 1),
        "last_name": Text(80, 1),
        "role_name": OneOf(("account_manager", "campaign_creator")),
        "contact_email": EMAIL,
        "login_name": Text(50, 1),
        "external_id": Text(255, 1),
        "external_provider": Text(80, 1),
    },
    required=(
        *("first_name", "last_name", "role_name", "contact_email"),
        *("login_name", "external_id", "external_provider"),
    ),
)
_ROLE_NAMES = {"account_manager": "manager", "campaign_creator": "creator"}
_UNSUBSCRIBE = Record(
    {
        "email_addresses": Many(Text(80, 1), 500),
        "update_source": OneOf(("Account", "Contact", "System")),
        "opt_out_reason": Text(255),
        "delete_contacts": Flag(),
        "global_unsubscribe": Flag(),
    },
    required=("update_source",),
)
_OPERATION_SCOPES = ["account_read", "account_update", "contact_data", "campaign_data"]


@route("POST", f"{ACCOUNT}/users/sso", scope=PARTNER)
def post_user(call: Call, account_id: str) -> Response:
    """Adds a user who signs in through the partner."""
    account = child_of(call, account_id)
    body = call.body(_USER)
    if any(user.login == body["login_name"] for user in account.users.values()):
        raise errors.conflict("The login_name is already in use.")
    user = User(call.new_id("user"), body["login_name"], _ROLE_NAMES[body["role_name"]])
    call.commit({"do": "user.save", "user": to_json(user)})
    return Response(201)


@effect("user.save")
def _save_user(store: Store, change: Json, at: int) -> None:
    user = User(**change["user"])
    store.accounts[change["account"]].users[user.user_id] = user


@route("POST", f"{ACCOUNT}/contacts/unsubscribe", scope=PARTNER)
def unsubscribe(call: Call, account_id: str) -> Response:
    """Unsubscribes people by address, in one account or in all of the partner's."""
    child = child_of(call, account_id)
    body = call.body(_UNSUBSCRIBE)
    wanted = list(dict.fromkeys(address.lower() for address in body.get("email_addresses", [])))
    accounts = list(call.store.accounts.values()) if body.get("global_unsubscribe") else [child]
    found = [
        [account.account_id, address]
        for account in accounts
        for address in wanted
        if (contact := account.find_email(address)) is not None
        and contact.deleted is None
        and (not contact.unsubscribed or body.get("delete_contacts"))
    ]
    source = "Contact" if body["update_source"] == "Contact" else "Account"
    if found:
        order = {
            "source": source,
            "reason": body.get("opt_out_reason"),
            "delete": body.get("delete_contacts"),
        }
        call.commit({"do": "partner.unsubscribe", "people": found, **order})
    return json_response(200, {"unsubscribed_count": len(found)})


@effect("partner.unsubscribe")
def _unsubscribe(store: Store, change: Json, at: int) -> None:
    for account_id, address in change["people"]:
        account = store.accounts[account_id]
        contact = account.find_email(address)
        if contact is None:
            continue
        if not contact.unsubscribed:
            contact = opt_out(contact, change["source"], at, change["reason"])
        if store.switches["unsubscribe_clears_lists"] == "yes":
            contact = contact.changed(lists=())
        account.save(deleted(contact, at, store.switches) if change["delete"] else contact)


@route("POST", f"{ACCOUNT}/account_operations/sync", scope=PARTNER)
def run_operation(call: Call, account_id: str) -> Response:
    """Any ordinary call, made for a customer's account as its owner; the answer is that call's own."""
    account = child_of(call, account_id)
    body = call.body(_SYNC)
    request = _inner_request(body)
    found = routes.find(request.method, request.path.removeprefix("/v3"))
    if found is None or found[0].scope == PARTNER or not request.path.startswith("/v3/"):
        raise errors.not_found("The requested resource was")
    owner = next(user for user in account.users.values() if user.role == "owner")
    inner = Call(
        request, call.store, call.now, call.seq, account, owner, call.app, _OPERATION_SCOPES, call.outcome
    )
    entry, identifiers = found
    response: Response = entry.handler(inner, *identifiers)
    call.effect = inner.effect
    return response


def _inner_request(body: Json) -> Request:
    pairs = {
        name: [
            (item.get(f"{key}_key") or "", item.get(f"{key}_value") or "")
            for item in body.get(f"account_operation_{name}", [])
        ]
        for name, key in _PAIRS.items()
    }
    path, _, query = body["account_operation_url"].partition("?")
    path = "/" + path.split("://", 1)[-1].partition("/")[2] if "://" in path else path
    for name, value in pairs["path_parameters"]:
        path = path.replace("{" + name + "}", quote(value, safe=""))
    path = path if path.startswith("/v3/") else "/v3/" + path.lstrip("/")
    query = "&".join(part for part in (query, urlencode(pairs["query_parameters"])) if part)
    headers = {"content-type": "application/json"}
    headers.update(
        (name.lower(), value) for name, value in pairs["headers"] if name.lower() != "authorization"
    )
    payload = (body.get("account_operation_payload") or "").encode("utf-8", "surrogatepass")
    return Request(body["account_operation_method"], path, query, headers, payload)
