"""What people do outside the API: following the links in mails, and an account's own settings."""

from .checks import Flag, Text
from .control import Control, Wrong, check, control
from .messages import Json, Request, Response, json_response
from .permissions import opt_in, opt_out


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
    return control.save_contact(request, account, contact, now)


@control("PUT", "/accounts/*")
def _put_account(control: Control, body: Json, request: Request, now: int) -> Response:
    account = control.account(body.pop(""))
    check({"confirmed_opt_in": Flag()}, body)
    effect = {"do": "account.save", "account": account.account_id, "changes": body}
    control.simulator.commit(request, effect, now)
    return json_response(200, {"account": account.account_id, "confirmed_opt_in": account.confirmed_opt_in})
