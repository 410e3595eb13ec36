"""Every way in which a call can fail, one class per meaning.

    ProviderError
    |-- Unauthorized         401: the access token is missing, expired or revoked
    |-- Forbidden            403: scope, privilege or a deactivated application; the answer tells not which
    |-- NotFound             404
    |-- Conflict             409: a duplicate, or two edits at once
    |-- Invalid              400 and other refusals of what we sent
    |   `-- UnsupportedMedia 415
    |-- Throttled            429: too fast for the application's second; pace down
    |-- QuotaExceeded        429: the application's day is spent; nothing until 00:00 UTC
    |-- ActivityQueueFull    429: this account has its 1,000 activities queued; the pool is innocent
    |-- ServerFault          5xx on a call that changes nothing
    |-- Unreachable          not delivered: no byte of the request left
    |-- OutcomeUnknown       sent, but no answer to trust; 5xx on a call that changes something
    |   `-- WrongShape       answered with a body that is cut, garbled or not what the call answers
    |-- QuotaRefused         our own ledger said no; nothing was sent
    `-- TokenError
        |-- InvalidGrant     the one thing that means: reconnect
        |-- InvalidClient    client id or secret are wrong: the operator's matter
        `-- TokenUnavailable anything else at the token endpoint: back off, the old token may still work

Texts say what to do next and are safe to log: `message` is the provider's text without tokens and addresses.
"""

import re
from typing import ClassVar, Final

import httpx

from connections.constantcontact import redaction
from connections.constantcontact.faults import Fault, read_fault

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CONTACT_ID = re.compile(r"\bcontact ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)


class ProviderError(Exception):
    """A call did not do what it should; the subclass says what that means."""

    advice: ClassVar[str] = "The call to Constant Contact failed."

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        error_key: str | None = None,
        method: str = "",
        path: str = "",
    ) -> None:
        self.message = redaction.scrub(message)
        self.status = status
        self.error_key = error_key
        self.method = method
        self.path = path
        super().__init__(self.message)

    @property
    def may_have_happened(self) -> bool:
        """Whether the provider may have done what was asked in spite of this error."""
        return False

    def __str__(self) -> str:
        call = " ".join(part for part in (self.method, self.path) if part)
        answer = " ".join(str(part) for part in (self.status, self.error_key) if part is not None)
        facts = "; ".join(part for part in (call, answer, self.message) if part)
        return f"{self.advice} [{facts}]" if facts else self.advice


class Unauthorized(ProviderError):
    """401."""

    advice = (
        "Constant Contact does not accept the access token. Refresh it; reconnect only if that is refused."
    )


class Forbidden(ProviderError):
    """403."""

    advice = "Not allowed. Read the user's privileges to tell what is lost: privilege, scope or application."


class NotFound(ProviderError):
    """404."""

    advice = "Constant Contact does not know this object. Read the collection again before using its id."


class Conflict(ProviderError):
    """409."""

    advice = "It exists already, or was edited at the same moment. Read it and decide again."

    @property
    def contact_id(self) -> str | None:
        """The contact that is in the way, where the provider names it."""
        found = _CONTACT_ID.search(self.message)
        return found.group(1).lower() if found else None


class Invalid(ProviderError):
    """400 and other refusals of what was sent."""

    advice = "Constant Contact refused what was sent. Correct it; sending it again unchanged will not help."


class UnsupportedMedia(Invalid):
    """415."""

    advice = (
        "Wrong content type for this call. Send JSON, or a multipart body with a .csv file for an import."
    )


class Throttled(ProviderError):
    """429 `throttled`."""

    advice = "Too many calls a second for this application. Wait at least one second and pace down."


class QuotaExceeded(ProviderError):
    """429 `quota_exceeded`."""

    advice = "This application's calls of the day are used up. Send nothing until 00:00 UTC."


class ActivityQueueFull(ProviderError):
    """429 for an account's queued activities."""

    advice = "This account has too many queued activities. Wait for some to finish; other accounts may go on."


class ServerFault(ProviderError):
    """5xx on a call that changes nothing."""

    advice = "Constant Contact had a fault of its own. Try again later."


class Unreachable(ProviderError):
    """Nothing was sent."""

    advice = "Constant Contact could not be reached; nothing was sent. Check the network, then try again."


class OutcomeUnknown(ProviderError):
    """Sent, no answer to trust."""

    advice = "No trustworthy answer. Find out what happened before sending it again."

    @property
    def may_have_happened(self) -> bool:
        return self.method not in SAFE_METHODS


class WrongShape(OutcomeUnknown):
    """Answered, but not with what this call answers."""

    advice = (
        "The answer is cut or not what this call answers; none of it was used. Find out what happened first."
    )


class QuotaRefused(ProviderError):
    """Our own ledger said no; nothing was sent."""

    advice = "Held back by our own quota; nothing was sent."

    def __init__(self, reason: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class TokenError(ProviderError):
    """The token endpoint gave no token."""

    advice = "No access token."

    def __init__(
        self,
        reason: str,
        message: str = "",
        *,
        status: int | None = None,
        retry_after_seconds: float | None = None,
        sent: bool = False,
    ) -> None:
        super().__init__(message, status=status, error_key=reason, method="POST")
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
        self._sent = sent

    @property
    def may_have_happened(self) -> bool:
        """True when a token may have been issued, and a rotating one replaced, without our seeing it."""
        return self._sent


class InvalidGrant(TokenError):
    """`invalid_grant`."""

    advice = "The grant is gone. The account's owner has to connect again."


class InvalidClient(TokenError):
    """401 `invalid_client`."""

    advice = (
        "Client id or secret are wrong. Correct the application's credentials; no reconnecting is needed."
    )


class TokenUnavailable(TokenError):
    """Anything else."""

    advice = "The token endpoint gave no token. Try again later; the present access token may still work."


_BY_STATUS: Final[dict[int, type[ProviderError]]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    415: UnsupportedMedia,
}
_BY_KEY_429: Final[dict[str | None, type[ProviderError]]] = {
    "throttled": Throttled,
    "quota_exceeded": QuotaExceeded,
}


def from_response(response: httpx.Response) -> ProviderError:
    """The error that this answer means; the body must have been read."""
    request = response.request
    fault = read_fault(response.content)
    kind = meaning(response, fault)
    return kind(
        fault.message,
        status=response.status_code,
        error_key=fault.error_key,
        method=request.method,
        path=redaction.path_of(request.url),
    )


def meaning(response: httpx.Response, fault: Fault) -> type[ProviderError]:
    """Which class an answer that is not a success belongs to."""
    status = response.status_code
    if status == 429:
        return _BY_KEY_429.get(fault.error_key) or _unkeyed_429(response.request, fault.message.lower())
    if is_server_fault(status):
        return ServerFault if response.request.method in SAFE_METHODS else OutcomeUnknown
    if status < 400:
        return WrongShape
    return _BY_STATUS.get(status, Invalid)


def is_server_fault(status: int) -> bool:
    """5xx, and 408: the gateway's way of saying that the service did not answer it in time."""
    return status >= 500 or status == 408


def _unkeyed_429(request: httpx.Request, text: str) -> type[ProviderError]:
    if "queued" in text and "activit" in text:
        return ActivityQueueFull
    # The gateway's stock texts, should it ever leave the key out.
    if "limit exceeded" in text:
        return QuotaExceeded
    if "too many requests" in text:
        return Throttled
    # The key of the queue's refusal is not published. On a call that queues an activity, waiting for the
    # account is right for that and harmless for any other unpublished limit.
    queues = request.method == "POST" and request.url.path.startswith("/v3/activities/")
    return ActivityQueueFull if queues else Throttled
