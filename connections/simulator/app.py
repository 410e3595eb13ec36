"""The whole simulator as one function: `Simulator.handle(request)` gives the response, and never fails.

Order of a call below /v3, as at the provider's gateway: known path, token, application, limits, scope,
privilege, and only then the service behind. Every call to the API and OAuth hosts leaves one journal entry.
"""

import json
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from . import (
    account,
    activities,
    bulk,
    catalog,
    contact_writes,
    contacts,
    control_access,
    control_people,
    control_state,
    custom_fields,
    errors,
    exports,
    faults,
    import_work,
    imports,
    oauth,
    roles,
    seeds,
)
from .call import Call
from .clock import Clock, real_milliseconds
from .control import Control
from .gateway import Gateway
from .journal import Journal, JournalTrouble
from .messages import Json, Request, Response, json_response
from .oauth_call import OAuthCall
from .store import Store

# Importing a module of handlers registers its routes, effects and control paths.
HANDLERS = (
    account,
    activities,
    bulk,
    catalog,
    contact_writes,
    contacts,
    control_access,
    control_people,
    control_state,
    custom_fields,
    exports,
    import_work,
    imports,
)
DEFAULT_SEED = "patchbay"
DEFAULT_ACCOUNTS = 3


class Simulator:
    """One stand-in provider with its state, its journal and its troubles."""

    def __init__(
        self,
        *,
        seed: str | None = None,
        accounts: int | None = None,
        journal: Path | None = None,
        activity_seconds: float = 1.5,
        real: Callable[[], int] = real_milliseconds,
    ) -> None:
        self.clock = Clock(real)
        self.journal = Journal(journal)
        self.faults = faults.Faults()
        self.defects = 0
        self._lock = threading.RLock()
        self._control = Control(self)
        entries = self.journal.load()
        seed, accounts = _origin(entries, seed, accounts)
        self.store = Store(seed, self.clock, activity_seconds)
        self.gateway = Gateway(self.store)
        if entries:
            self.replay(entries)
        else:
            self.note("control", "START", "/_sim/start", 200, seeds.origin(seed, accounts))
            seeds.sow(self.store, seed, accounts)

    # --- the journal -----------------------------------------------------------------------------------

    def replay(self, entries: list[Json]) -> None:
        """Carries out the effects of a journal, in order, at their times."""
        for entry in entries:
            change, at = entry["effect"], entry["at"]
            if change is not None:
                activities.advance(self.store, at)
                if change["do"] == "start":
                    self._begin(change["seed"], change["accounts"])
                else:
                    self.store.apply(change, at)
            self.gateway.count(entry["host"], entry["client_id"], entry["status"], at)

    def note(
        self,
        host: str,
        method: str,
        path: str,
        status: int,
        effect: Json | None,
        *,
        caller: tuple[str | None, str | None] = (None, None),
        at: int | None = None,
    ) -> None:
        """Writes one journal entry; `caller` is the application and the account."""
        self.journal.append(
            {
                "at": self.clock.now() if at is None else at,
                "host": host,
                "client_id": caller[0],
                "account": caller[1],
                "method": method,
                "path": path,
                "status": status,
                "effect": effect,
            }
        )

    # --- one call --------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answers any request to any of the hosts."""
        with self._lock:
            now = self.clock.now()
            try:
                activities.advance(self.store, now)
                if request.path.startswith("/_sim/"):
                    return self._control.answer(request, now)
                wish = self.faults.take(request)
                answer = self._oauth if request.path.startswith("/oauth2/") else self._api
                return answer(request, now, wish)
            except Exception:
                # A defect of the simulator must show in its log, and must not look like the provider's fault.
                self.defects += 1
                sys.stderr.write(f"defect on {request.method} {request.path}\n{traceback.format_exc()}")
                return json_response(400, {"message": "The simulator could not make sense of this request."})

    def _oauth(self, request: Request, now: int, wish: Json) -> Response:
        call = OAuthCall(request, self.store, now, self.journal.seq + 1, self.gateway.admit_token_call)
        response = faults.instead_of_work(wish) or oauth.answer(call)
        self._finish("oauth", request, response, call.effect, now, (call.client_id, call.account_id))
        return faults.spoil(wish, response)

    def _api(self, request: Request, now: int, wish: Json) -> Response:
        call: Call | None = None
        try:
            entry, identifiers, access = self.gateway.enter(request, now)
            call = self._call(request, now, access.grant_id, access.scope, wish)
            self.gateway.admit(call.app, now)
            response = faults.instead_of_work(wish)
            if response is None:
                roles.require(call, entry.scope, entry.privilege)
                response = entry.handler(call, *identifiers)
        except errors.Refusal as refusal:
            response = refusal.response
        if call is None:
            self._finish("api", request, response, None, now, (None, None))
        else:
            caller = (call.app.client_id, call.account.account_id)
            self._finish("api", request, response, call.effect, now, caller)
        return faults.spoil(wish, response)

    def _call(self, request: Request, now: int, grant_id: str, scope: str, wish: Json) -> Call:
        grant = self.store.grants[grant_id]
        customer = self.store.accounts[grant.account_id]
        return Call(
            request,
            self.store,
            now,
            self.journal.seq + 1,
            customer,
            customer.users[grant.user_id],
            self.store.apps[grant.client_id],
            scope.split(),
            wish.get("activity", "completed"),
        )

    def _finish(
        self,
        host: str,
        request: Request,
        response: Response,
        effect: Json | None,
        now: int,
        caller: tuple[str | None, str | None],
    ) -> None:
        self.gateway.count(host, caller[0], response.status, now)
        self.note(host, request.method, request.path, response.status, effect, caller=caller, at=now)

    # --- control ---------------------------------------------------------------------------------------

    def commit(self, request: Request, effect: Json, now: int) -> None:
        """Carries out and notes a change that a test ordered through the control paths."""
        self.store.apply(effect, now)
        self.note("control", request.method, request.path, 200, effect, at=now)

    def reset(self, now: int) -> None:
        """Back to the seeds; the journal goes on."""
        seed, accounts = self.store.seed, len(self.store.accounts)
        self._begin(seed, accounts)
        self.note("control", "POST", "/_sim/reset", 200, seeds.origin(seed, accounts), at=now)

    def _begin(self, seed: str, accounts: int) -> None:
        self.faults.clear()
        self.gateway.clear()
        self.store.clear()
        self.clock.restore({"offset": 0, "frozen_at": None})
        seeds.sow(self.store, seed, accounts)

    def dump(self) -> Json:
        """The whole state as JSON, up to this instant."""
        with self._lock:
            activities.advance(self.store, self.clock.now())
            whole: Json = json.loads(json.dumps(self.store.dump()))
            return whole

    def close(self) -> None:
        self.journal.close()


def _origin(entries: list[Json], seed: str | None, accounts: int | None) -> tuple[str, int]:
    """The seed and number of accounts: those of the journal, which any given ones must equal."""
    if not entries:
        return seed or DEFAULT_SEED, accounts or DEFAULT_ACCOUNTS
    first = entries[0]["effect"]
    if not isinstance(first, dict) or first.get("do") != "start":
        raise JournalTrouble("the journal does not begin with a start of the simulator")
    for name, given in (("seed", seed), ("accounts", accounts)):
        if given is not None and given != first[name]:
            raise JournalTrouble(f"the journal was begun with {name} {first[name]}, not {given}")
    return first["seed"], first["accounts"]
