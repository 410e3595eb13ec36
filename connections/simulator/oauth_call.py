"""One request to the OAuth host on its way: its parameters, and the one effect that it may have."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .messages import Json, Request, json_response
from .store import Store


class TokenRefusal(Exception):
    """A token call's refusal in the platform's flat shape."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        headers = [("Cache-Control", "no-store")]
        if status == 401:
            headers.append(("WWW-Authenticate", 'Basic realm="oauth2"'))
        self.response = json_response(status, {"error": error, "error_description": description}, headers)

    @classmethod
    def too_many(cls) -> "TokenRefusal":
        refusal = cls(429, "", "")
        summary = "API call exceeded rate limit due to too many requests."
        refusal.response = json_response(429, {"errorCode": "E0000047", "errorSummary": summary})
        return refusal


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
