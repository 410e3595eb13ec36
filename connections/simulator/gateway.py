"""What stands in front of the service, as at the provider: known paths, tokens, applications and call limits.

Who is counted against what: a call below /v3 counts for its application once its token is good.
"""

from . import errors, routes, tokens
from .limits import Limits
from .messages import Request, Response
from .records import AccessToken, App
from .store import Store

Found = tuple[routes.Route, tuple[str, ...]]


class Gateway:
    """Admits calls to one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # Tokens whose signature has been checked once.
        self._known: dict[str, AccessToken] = {}
        self.limits = Limits()

    def clear(self) -> None:
        self._known.clear()
        self.limits = Limits()

    def find(self, request: Request) -> Found:
        """The operation that a call is about, or a refusal."""
        if not request.path.startswith("/v3/"):
            raise errors.gateway_forbidden()
        found = routes.find(request.method, request.path[3:])
        if found is None:
            if self._store.switches["unknown_path"] == "not_found":
                raise errors.not_found("The requested resource was")
            raise errors.gateway_forbidden()
        return found

    def enter(self, request: Request, now: int) -> AccessToken:
        """The living token of a call, or a refusal."""
        header = request.headers.get("authorization")
        if header is None and self._store.switches["missing_authorization"] == "forbidden":
            raise errors.gateway_forbidden()
        kind, _, text = (header or "").partition(" ")
        if kind.lower() != "bearer":
            raise errors.unauthorized()
        access = self._known.get(text)
        if access is None:
            access = self._store.tokens.get(tokens.token_id(self._store.seed, text.strip()) or "")
            if access is None:
                raise errors.unauthorized()
            self._known[text] = access
        if access.dead or now >= access.expires or self._store.grants[access.grant_id].dead:
            raise errors.unauthorized()
        return access

    def admit(self, app: App, operation: str, now: int) -> None:
        """Refuses a call of a deactivated application, and one too many of this day or second."""
        switches = self._store.switches
        if not app.active:
            raise errors.forbidden("Request forbidden because the application is deactivated.")
        if 0 < app.per_day <= self.limits.used_today(app.client_id, now):
            raise errors.quota_exceeded()
        mode, capacity = str(switches["limiter"]), switches.number("bucket_capacity")
        own = switches.number("endpoint_calls_per_second")
        if not self.limits.admit_second(f"{app.client_id} {operation}", own, now, "sliding"):
            raise errors.throttled()
        if not self.limits.admit_second(app.client_id, app.per_second, now, mode, capacity):
            raise errors.throttled()

    def worded(self, refusal: Response, path: str) -> Response:
        """A refusal with the key that the switches give it."""
        own = self._store.switches["error_keys"] == "own"
        return errors.with_own_key(refusal, path) if own else refusal

    def admit_token_call(self, client_id: str, now: int) -> bool:
        """Whether the token endpoint still takes a call of this application in this second."""
        per_second = self._store.switches.number("token_calls_per_second")
        return self.limits.admit_second(f"token {client_id}", per_second, now, "sliding")

    def count(self, host: str, client_id: str | None, status: int, at: int) -> None:
        """Counts an answered call against its application's day."""
        switches = self._store.switches
        if client_id is None or host == "control":
            return
        if host == "oauth":
            counts = switches["token_calls_count"]
        elif status == 429:
            counts = switches["rejected_calls_count"]
        else:
            counts = "yes" if status < 400 else switches["failed_calls_count"]
        if counts == "yes":
            self.limits.count_day(client_id, at)
