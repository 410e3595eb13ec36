"""The control paths under /_sim/: what a test may see and turn. Never the provider's own.

This module finds the handler; `control_state`, `control_access` and `control_people` hold them.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from .checks import Record, Shape, problems_of
from .messages import Json, Request, Response, json_response
from .records import App, Contact, to_json
from .store import Account

if TYPE_CHECKING:
    from .app import Simulator

Handler = Callable[["Control", Json, Request, int], Response]
_HANDLERS: dict[tuple[str, str], Handler] = {}


class Wrong(Exception):
    """A control call that cannot be followed; the message says why."""


def control(method: str, path: str) -> Callable[[Handler], Handler]:
    """Registers a control path."""

    def register(handler: Handler) -> Handler:
        _HANDLERS[method, path] = handler
        return handler

    return register


class Control:
    """The control side of one simulator."""

    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator

    def answer(self, request: Request, now: int) -> Response:
        path, last = request.path.removeprefix("/_sim"), ""
        handler = _HANDLERS.get((request.method, path))
        if handler is None:
            path, _, last = path.rpartition("/")
            handler = _HANDLERS.get((request.method, path + "/*"))
        if handler is None:
            return json_response(404, {"message": f"There is no {request.method} {request.path}"})
        try:
            body = json.loads(request.body or b"{}")
            if not isinstance(body, dict):
                raise Wrong("The body is a JSON object")
            if last:
                body = {**body, "": last}
            return handler(self, body, request, now)
        except (Wrong, ValueError, RecursionError) as problem:
            return json_response(400, {"message": str(problem)})

    def account(self, wanted: object) -> Account:
        """The account with this id or name; without a wish the first."""
        accounts = self.simulator.store.accounts
        if wanted is None:
            return next(iter(accounts.values()))
        for account in accounts.values():
            if wanted in (account.account_id, account.summary["organization_name"]):
                return account
        raise Wrong(f"There is no account {wanted!r}")

    def app(self, wanted: object) -> App:
        """The application with this client id; without a wish the first."""
        apps = self.simulator.store.apps
        if wanted is None:
            return next(iter(apps.values()))
        if not isinstance(wanted, str) or wanted not in apps:
            raise Wrong(f"There is no app {wanted!r}")
        return apps[wanted]

    def contact(self, account: Account, address: object) -> Contact:
        contact = account.find_email(address) if isinstance(address, str) else None
        if contact is None:
            raise Wrong(f"There is no contact {address!r}")
        return contact

    def save_contact(self, request: Request, account: Account, contact: Contact, now: int) -> Response:
        effect = {"do": "contact.save", "account": account.account_id, "contact": to_json(contact)}
        self.simulator.commit(request, effect, now)
        return json_response(
            200, {"contact_id": contact.contact_id, "permission_to_send": contact.permission}
        )


def check(shapes: dict[str, Shape], body: Json) -> None:
    """Refuses a body with unknown or wrong properties."""
    problems = problems_of(Record(shapes), body)
    problems += [f"{name} is not known here" for name in body if name and name not in shapes]
    if problems:
        raise Wrong(", ".join(problems))
