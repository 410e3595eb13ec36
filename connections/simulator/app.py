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
    automations,
    beginnings,
    bulk,
    campaign_sending,
    campaigns,
    catalog,
    contact_writes,
    contacts,
    control_access,
    control_people,
    control_state,
    custom_fields,
    errors,
    events,
    exports,
    faults,
    import_work,
    imports,
    oauth,
    partner,
    partner_access,
    partner_hooks,
    partner_operations,
    report_landing,
    report_summaries,
    reports,
    roles,
    seeds,
    segments,
    social,
    xrefs,
)
from .call import Call
from .clock import Clock, real_milliseconds, show_header, utc_day
from .control import Control
from .gateway import Gateway
from .journal import Journal
from .messages import Json, Request, Response, json_response
from .oauth_call import OAuthCall
from .routes import PARTNER
from .seeds import USUAL_CROWD
from .store import Store

# Importing a module of handlers registers its routes, effects and control paths.
HANDLERS = (
    account,
    activities,
    bulk,
    campaign_sending,
    campaigns,
    catalog,
    contact_writes,
    contacts,
    control_access,
    control_people,
    control_state,
    custom_fields,
    events,
    exports,
    import_work,
    imports,
    partner,
    partner_hooks,
    partner_operations,
    report_landing,
    report_summaries,
    reports,
    segments,
    social,
    xrefs,
)
# The authorization server publishes no description of itself: a probe was answered 404, and not by the gateway.
_OAUTH = ("/oauth2/", "/partners/oauth2/", "/.well-known/")


class Simulator:
    """One stand-in provider with its state, its journal and its troubles."""

    def __init__(
        self,
        *,
        seed: str | None = None,
        accounts: int | None = None,
        contacts: int | None = None,
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
        seed, accounts, contacts = beginnings.of(entries, seed, accounts, contacts)
        self.store = Store(seed, self.clock, activity_seconds)
        self.gateway = Gateway(self.store)
        if entries:
            self.replay(entries)
        else:
            self.note("control", "START", "/_sim/start", 200, seeds.origin(seed, accounts, contacts))
            seeds.sow(self.store, seed, accounts, contacts)

    # --- the journal -----------------------------------------------------------------------------------

    def replay(self, entries: list[Json]) -> None:
        """Carries out the effects of a journal, in order, at their times."""
        for entry in entries:
            change, at = entry["effect"], entry["at"]
            if change is not None:
                activities.advance(self.store, at)
                if change["do"] == "start":
                    self._begin(change["seed"], change["accounts"], change.get("contacts", USUAL_CROWD))
                else:
                    self.store.apply(change, at)
            self.gateway.count(entry["host"], entry["client_id"], entry["status"], at)
        automations.forget(self.store, entries[-1]["at"] if entries else self.clock.now())

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
                self._advance(now)
                response = self._answer(request, now)
                self._note_mails(now)
                # As from any server that has a clock; a client may take the provider's time from it.
                response.headers.append(("Date", show_header(now)))
                return response
            except Exception:
                # A defect of the simulator must show in its log, and must not look like the provider's fault.
                self.defects += 1
                sys.stderr.write(f"defect on {request.method} {request.path}\n{traceback.format_exc()}")
                return json_response(400, {"message": "The simulator could not make sense of this request."})

    def _answer(self, request: Request, now: int) -> Response:
        if request.path.startswith("/_sim/"):
            return self._control.answer(request, now)
        wish = self.faults.take(request)
        answer = self._oauth if request.path.startswith(_OAUTH) else self._api
        return answer(request, now, wish)

    def _advance(self, now: int) -> None:
        """Ends the jobs whose time has come, and notes the mails that follow from them and from the day."""
        activities.advance(self.store, now)
        self._note_mails(now)

    def _note_mails(self, now: int) -> None:
        for effect in automations.take(self.store, now):
            self.store.apply(effect, now)
            path = f"/mail/{effect['kind']}"
            self.note("mail", "SEND", path, 202, effect, caller=(None, effect["account"]), at=now)

    def _oauth(self, request: Request, now: int, wish: Json) -> Response:
        call = OAuthCall(request, self.store, now, self.journal.seq + 1, self.gateway.admit_token_call)
        response = faults.instead_of_work(wish) or oauth.answer(call)
        self._finish("oauth", request, response, call.effect, now, (call.client_id, call.account_id))
        return faults.spoil(wish, response)

    def _api(self, request: Request, now: int, wish: Json) -> Response:
        call: Call | None = None
        try:
            entry, identifiers = self.gateway.find(request)
            if entry.scope == PARTNER:
                call = self._partner_call(request, now, wish)
            else:
                access = self.gateway.enter(request, now)
                call = self._call(request, now, access.grant_id, access.scope, wish)
            self.gateway.admit(call.app, f"{entry.method} {entry.template}", now)
            response = faults.instead_of_work(wish)
            if response is None:
                roles.require(call, entry.scope, entry.privilege)
                response = entry.handler(call, *identifiers)
        except errors.Refusal as refusal:
            response = self.gateway.worded(refusal.response, request.path)
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

    def _partner_call(self, request: Request, now: int, wish: Json) -> Call:
        """A partner's call; its handler puts the customer's account in the place of the first."""
        app = partner_access.enter(self.store, request, now)
        first = next(iter(self.store.accounts.values()))
        owner, outcome = next(iter(first.users.values())), wish.get("activity", "completed")
        return Call(request, self.store, now, self.journal.seq + 1, first, owner, app, [PARTNER], outcome)

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
        first = self.store.origin
        self._begin(first["seed"], first["accounts"], first.get("contacts", USUAL_CROWD))
        self.note("control", "POST", "/_sim/reset", 200, first, at=now)

    def _begin(self, seed: str, accounts: int, contacts: int) -> None:
        self.faults.clear()
        self.gateway.clear()
        self.store.clear()
        self.clock.restore({"offset": 0, "frozen_at": None})
        self.store.last_day = utc_day(self.clock.now())
        seeds.sow(self.store, seed, accounts, contacts)

    def dump(self) -> Json:
        """The whole state as JSON, up to this instant."""
        with self._lock:
            self._advance(self.clock.now())
            whole: Json = json.loads(json.dumps(self.store.dump()))
            return whole

    def close(self) -> None:
        self.journal.close()
