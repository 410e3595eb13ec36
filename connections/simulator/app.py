"""The whole simulator as one function: `Simulator.handle(request)` gives the response, and never fails.

Order of a call below /v3, as at the provider's gateway: known path, token, application, limits, scope,
privilege, and only then the service behind. Every call leaves one journal entry.
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
    custom_fields,
    errors,
    exports,
    faults,
    import_work,
    imports,
    oauth,
    roles,
    routes,
    seeds,
    tokens,
)
from .call import Call
from .clock import Clock, real_milliseconds
from .control import Control
from .journal import Journal, JournalTrouble
from .limits import Limits
from .messages import Json, Request, Response, json_response
from .oauth_call import OAuthCall
from .records import AccessToken
from .store import Store

# Importing a module of handlers registers its routes and effects.
HANDLERS = (
    account,
    activities,
    bulk,
    catalog,
    contact_writes,
    contacts,
    custom_fields,
    exports,
    import_work,
    imports,
)
DEFAULT_SEED = "patchbay"


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
        self.limits = Limits()
        self.faults = faults.Faults()
        self.known: dict[str, AccessToken] = {}
        self.defects = 0
        self._lock = threading.RLock()
        self._control = Control(self)
        entries = self.journal.load()
        seed, accounts = _origin(entries, seed, accounts)
        self.store = Store(seed, self.clock, activity_seconds)
        if entries:
            self.replay(entries)
        else:
            self.note("control", "START", "/_sim/start", 200, seeds.origin(seed, accounts))
            seeds.sow(self.store, seed, accounts)

    # --- replay ----------------------------------------------------------------------------------------------

    def replay(self, entries: list[Json]) -> None:
        """Carries out the effects of a journal, in order, at their times."""
        for entry in entries:
            if entry["effect"] is not None:
                activities.advance(self.store, entry["at"])
                if entry["effect"]["do"] == "start":
                    self._clear()
                    seeds.sow(self.store, entry["effect"]["seed"], entry["effect"]["accounts"])
                else:
                    self.store.apply(entry["effect"], entry["at"])
            self._count(entry["host"], entry["client_id"], entry["status"], entry["at"])

    def note(
        self,
        host: str,
        method: str,
        path: str,
        status: int,
        effect: Json | None,
        *,
        client_id: str | None = None,
        account_id: str | None = None,
        at: int | None = None,
    ) -> None:
        """Writes one journal entry."""
        self.journal.append(
            {
                "at": self.clock.now() if at is None else at,
                "host": host,
                "client_id": client_id,
                "account": account_id,
                "method": method,
                "path": path,
                "status": status,
                "effect": effect,
            }
        )

    # --- one call --------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answers any request to any of the hosts."""
        with self._lock:
            now = self.clock.now()
            activities.advance(self.store, now)
            if request.path.startswith("/_sim/"):
                return self._control.answer(request, now)
            wish = self.faults.take(request)
            answer = self._oauth if request.path.startswith("/oauth2/") else self._api
            try:
                return answer(request, now, wish)
            except Exception:
                # A defect of the simulator must show in its log, and must not look like the provider's fault.
                self.defects += 1
                sys.stderr.write(f"defect on {request.method} {request.path}\n{traceback.format_exc()}")
                return json_response(400, {"message": "The simulator could not make sense of this request."})

    def _oauth(self, request: Request, now: int, wish: Json) -> Response:
        call = OAuthCall(request, self.store, now, self.journal.seq + 1, self._admit_token)
        response = faults.instead_of_work(wish) or oauth.answer(call)
        self._finish("oauth", request, response, call.effect, now, call.client_id, call.account_id)
        return faults.spoil(wish, response)

    def _api(self, request: Request, now: int, wish: Json) -> Response:
        call: Call | None = None
        client_id = account_id = None
        try:
            entry, identifiers, access = self._enter(request, now)
            grant = self.store.grants[access.grant_id]
            client_id, account_id = grant.client_id, grant.account_id
            customer = self.store.accounts[account_id]
            call = Call(
                request,
                self.store,
                now,
                self.journal.seq + 1,
                customer,
                customer.users[grant.user_id],
                self.store.apps[client_id],
                access,
                wish.get("activity", "completed"),
            )
            self._admit(call)
            response = faults.instead_of_work(wish)
            if response is None:
                roles.require(call, entry.scope, entry.privilege)
                response = routes.run(entry, call, identifiers)
        except errors.Refusal as refusal:
            response = refusal.response
        effect = call.effect if call is not None else None
        self._finish("api", request, response, effect, now, client_id, account_id)
        return faults.spoil(wish, response)

    def _enter(self, request: Request, now: int) -> tuple[routes.Route, tuple[str, ...], AccessToken]:
        if not request.path.startswith("/v3/"):
            raise errors.gateway_forbidden()
        found = routes.find(request.method, request.path[3:])
        if found is None:
            if self.store.switches["unknown_path"] == "not_found":
                raise errors.not_found("The requested resource was")
            raise errors.gateway_forbidden()
        return *found, self._access(request, now)

    def _access(self, request: Request, now: int) -> AccessToken:
        header = request.headers.get("authorization")
        if header is None and self.store.switches["missing_authorization"] == "forbidden":
            raise errors.gateway_forbidden()
        kind, _, text = (header or "").partition(" ")
        if kind.lower() != "bearer":
            raise errors.unauthorized()
        access = self.known.get(text)
        if access is None:
            access = self.store.tokens.get(tokens.token_id(self.store.seed, text.strip()) or "")
            if access is None:
                raise errors.unauthorized()
            self.known[text] = access
        if access.dead or now >= access.expires or self.store.grants[access.grant_id].dead:
            raise errors.unauthorized()
        return access

    # --- limits ----------------------------------------------------------------------------------------------

    def _admit(self, call: Call) -> None:
        app, switches = call.app, self.store.switches
        if not app.active:
            raise errors.forbidden("Request forbidden because the application is deactivated.")
        if 0 < app.per_day <= self.limits.used_today(app.client_id, call.now):
            raise errors.quota_exceeded()
        mode, capacity = str(switches["limiter"]), switches.number("bucket_capacity")
        if not self.limits.admit_second(app.client_id, app.per_second, call.now, mode, capacity):
            raise errors.throttled()

    def _admit_token(self, client_id: str, now: int) -> bool:
        per_second = self.store.switches.number("token_calls_per_second")
        return self.limits.admit_second(f"token {client_id}", per_second, now, "sliding")

    def _count(self, host: str, client_id: str | None, status: int, at: int) -> None:
        switches = self.store.switches
        if client_id is None or host == "control":
            return
        if host == "oauth" and switches["token_calls_count"] == "no":
            return
        if status == 429 and switches["rejected_calls_count"] == "no":
            return
        if status >= 400 and status != 429 and switches["failed_calls_count"] == "no":
            return
        self.limits.count_day(client_id, at)

    def _finish(
        self,
        host: str,
        request: Request,
        response: Response,
        effect: Json | None,
        now: int,
        client_id: str | None,
        account_id: str | None,
    ) -> None:
        self._count(host, client_id, response.status, now)
        self.note(
            host,
            request.method,
            request.path,
            response.status,
            effect,
            client_id=client_id,
            account_id=account_id,
            at=now,
        )

    # --- control ---------------------------------------------------------------------------------------------

    def commit(self, path: str, method: str, effect: Json, now: int) -> None:
        """Carries out and notes a change that a test ordered through the control paths."""
        self.store.apply(effect, now)
        self.note("control", method, path, 200, effect, at=now)

    def reset(self, now: int) -> None:
        """Back to the seeds; the journal goes on."""
        seed, accounts = self.store.seed, len(self.store.accounts)
        self._clear()
        seeds.sow(self.store, seed, accounts)
        self.note("control", "POST", "/_sim/reset", 200, seeds.origin(seed, accounts), at=now)

    def _clear(self) -> None:
        self.faults.clear()
        self.limits = Limits()
        self.known.clear()
        self.store.clear()
        self.clock.restore({"offset": 0, "frozen_at": None})

    def dump(self) -> Json:
        """The whole state as JSON, up to this instant."""
        with self._lock:
            activities.advance(self.store, self.clock.now())
            return json.loads(json.dumps(self.store.dump()))  # type: ignore[no-any-return]  # JSON again, tuples gone

    def close(self) -> None:
        self.journal.close()


def _origin(entries: list[Json], seed: str | None, accounts: int | None) -> tuple[str, int]:
    """The seed and number of accounts: those of the journal, which any given ones must equal."""
    if not entries:
        return seed or DEFAULT_SEED, accounts or 3
    first = entries[0]["effect"]
    if not isinstance(first, dict) or first.get("do") != "start":
        raise JournalTrouble("the journal does not begin with a start of the simulator")
    for name, given in (("seed", seed), ("accounts", accounts)):
        if given is not None and given != first[name]:
            raise JournalTrouble(f"the journal was begun with {name} {first[name]}, not {given}")
    return first["seed"], first["accounts"]
