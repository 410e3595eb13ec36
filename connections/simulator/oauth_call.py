"""One request to the OAuth host on its way: its parameters, and the one effect that it may have."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from . import errors
from .messages import Json, Request, Response, json_response
from .store import Store
from .switches import Switches

# Refusals whose status was never recorded, with the switch that says it.
_STATUS = {"invalid_client": "invalid_client_status", "invalid_grant": "invalid_grant_status"}


class TokenRefusal(Exception):
    """A token call's refusal in the platform's flat shape."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status, self.error, self.description = status, error, description

    @classmethod
    def too_many(cls) -> "TokenRefusal":
        return cls(429, "", "API call exceeded rate limit due to too many requests.")

    def response(self, switches: Switches) -> Response:
        """The refusal on the wire, with what the switches say of it."""
        if self.status == 429:
            if switches["token_limit_body"] == "gateway":  # noqa: S105  (a switch)
                return errors.throttled().response
            return json_response(429, {"errorCode": "E0000047", "errorSummary": self.description})
        status = switches.number(_STATUS[self.error]) if self.error in _STATUS else self.status
        headers = [("Cache-Control", "no-store")]
        if status == 401:
            headers.append(("WWW-Authenticate", 'Basic realm="oauth2"'))
        return json_response(status, {"error": self.error, "error_description": self.description}, headers)


@dataclass(slots=True)
class OAuthCall:
    """A request to the OAuth host; `client_id` and `account_id` are known once the handler has found them."""

    request: Request
    store: Store
    now: int
    seq: int
    admit_token: Callable[[str, int], bool]
    client_id: str | None = None
    account_id: str | None = None
    effect: Json | None = None

    def parameters(self) -> dict[str, str]:
        """Query and form together: the platform takes token parameters from either."""
        found = dict(self.request.query_pairs())
        if self.request.method == "POST" and self.request.body:
            if self.request.media_type() != "application/x-www-form-urlencoded":
                raise TokenRefusal(
                    400, "invalid_request", "The content type must be application/x-www-form-urlencoded."
                )
            text = self.request.body.decode("utf-8", "replace")
            found.update(parse_qsl(text, keep_blank_values=True, max_num_fields=None))
        return found

    def admit_token_call(self) -> bool:
        return self.admit_token(self.client_id or "", self.now)

    def commit(self, effect: Json) -> None:
        if self.effect is not None:
            raise AssertionError("a call has one effect")
        self.effect = effect
        self.store.apply(effect, self.now)
