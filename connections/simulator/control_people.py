"""What people do outside the API: following the links in mails, and an account's own settings."""

from . import automations
from .checks import Flag, OneOf, Record, Text
from .control import Control, Wrong, check, control
from .messages import Json, Request, Response, json_response
from .permissions import opt_in, opt_out
from .store import Account


@control("POST", "/unsubscribe")
def _unsubscribe(control: Control, body: Json, request: Request, now: int) -> Response:
    """The person follows the unsubscribe link in a mail."""
    check({"account": Text(), "email": Text(), "reason": Text(255)}, body)
    account = control.account(body.get("account"))
    contact = control.contact(account, body.get("email"))
    if not contact.unsubscribed:
        contact = opt_out(contact, "Contact", now, body.get("reason"))
        contact = contact.changed(update_source="Contact")
        if control.simulator.store.switches["unsubscribe_clears_lists"] == "yes":
            contact = contact.changed(lists=())
    return control.save_contact(request, account, contact, now)


@control("POST", "/confirm")
def _confirm(control: Control, body: Json, request: Request, now: int) -> Response:
    """The person follows the link in a confirmation mail."""
    check({"account": Text(), "email": Text()}, body)
    account = control.account(body.get("account"))
    contact = control.contact(account, body.get("email"))
    if contact.permission != "pending_confirmation" and contact.resubscribe_sent is None:
        raise Wrong("No confirmation mail was sent to this contact")
    contact = opt_in(contact, "explicit", "Contact", now).changed(confirm_status="confirmed")
    if control.simulator.store.switches["confirming_moves_updated_at"] == "yes":
        contact = contact.changed(updated=now)
    return control.save_contact(request, account, contact, now)


@control("GET", "/automations")
def _automations(control: Control, body: Json, request: Request, now: int) -> Response:
    """The automations of every account that has some."""
    store = control.simulator.store
    return json_response(200, {key: store.accounts[key].automations for key in sorted(store.automated)})


@control("POST", "/automations")
def _post_automation(control: Control, body: Json, request: Request, now: int) -> Response:
    """Gives an account an automation, or changes the one that is named."""
    texts = {name: Text(255, 1) for name in ("account", "automation_id", "on", "name")}
    check({**texts, "kind": OneOf(automations.KINDS), "active": Flag()}, body)
    account = control.account(body.get("account"))
    old = next(
        (item for item in account.automations if item["automation_id"] == body.get("automation_id")), None
    )
    if old is None:
        if "automation_id" in body or not body.get("kind"):
            raise Wrong("kind is one of welcome, path, tag and date, or automation_id names an automation")
        on = _start_of(account, body["kind"], body.get("on"))
        old = automations.new(control.simulator.store, account, body["kind"], on, body.get("name") or "New")
    wanted = {**old, "active": body.get("active", old["active"])}
    effect = {"do": "automation.save", "account": account.account_id, "automation": wanted}
    control.simulator.commit(request, effect, now)
    return json_response(200, wanted)


def _start_of(account: Account, kind: str, on: object) -> str:
    """The id of the list or tag that starts an automation, by id or name; or the kind of date."""
    known = {name: name for name in automations.DATES} if kind == "date" else {}
    if kind in ("welcome", "path"):
        known = {text: item.list_id for item in account.living_lists() for text in (item.list_id, item.name)}
    elif kind == "tag":
        known = {text: tag.tag_id for tag in account.tags.values() for text in (tag.tag_id, tag.name)}
    if not isinstance(on, str) or on not in known:
        raise Wrong(f"on is one of {', '.join(sorted(known))}")
    return known[on]


@control("PUT", "/accounts/*")
def _put_account(control: Control, body: Json, request: Request, now: int) -> Response:
    account = control.account(body.pop(""))
    check({"confirmed_opt_in": Flag(), "physical_address": Record({})}, body)
    effect = {"do": "account.save", "account": account.account_id, "changes": body}
    control.simulator.commit(request, effect, now)
    return json_response(200, {"account": account.account_id, "confirmed_opt_in": account.confirmed_opt_in})
