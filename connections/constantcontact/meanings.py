"""What an answer means: one table on status, error key and whether the method is safe.

    401                         Unauthorized       a fresher token, once (`auth`); then reconnect
    403                         Forbidden          the privileges tell scope, privilege and application apart
    404, 400 to a page's link   CursorExpired      the walk begins again
    404                         NotFound
    409 to a sign-up            Simultaneous       refused before it was done: again after a moment
    409                         Conflict           a duplicate, or an edit in between: read it, decide again
    429 throttled               Throttled          again after a second or more; the pool slows down
    429 quota_exceeded          QuotaExceeded      the pool is closed until 00:00 UTC; never again today
    429 queued activities       ActivityQueueFull  this account waits, the pool goes on
    408, 5xx, safe method       ServerFault        again, with growing pauses
    408, 5xx, other methods     OutcomeUnknown     find out what happened, then perhaps again
    other 4xx                   Invalid            correct it
    below 400                   WrongShape         a redirect or such: not what any call answers

How often `retry` sends again is its own table, by the signal that stands beside each line. No body but a
success is ever read for more than this.
"""

import re
from dataclasses import dataclass
from typing import Final

import httpx

from connections.constantcontact import errors, redaction
from connections.constantcontact.errors import SAFE_METHODS, ProviderError
from connections.constantcontact.faults import Fault, read_fault
from connections.constantcontact.outcomes import Signal
from connections.constantcontact.redaction import Secret

SIGN_UP_PATH: Final = "/v3/contacts/sign_up_form"
# Our own words where the provider has no key, or gives the same one to two things.
QUEUED_ACTIVITIES: Final = "queued_activities"
SIMULTANEOUS: Final = "simultaneous"
CURSOR: Final = "cursor"
# What the gateway calls a request that it has refused.
NUMBERED: Final = ("x-amzn-RequestId", "x-amz-apigw-id", "x-amzn-ErrorType")
_NUMBER: Final = re.compile(r"[A-Za-z0-9_=-]{1,80}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: `key` None stands for every error key, `safe` None for every method."""

    statuses: range
    key: str | None
    safe: bool | None
    signal: Signal
    error: type[ProviderError]

    def fits(self, status: int, key: str | None, safe: bool) -> bool:
        """Whether an answer falls under this line."""
        return status in self.statuses and self.key in (None, key) and self.safe in (None, safe)


def _one(status: int) -> range:
    return range(status, status + 1)


# First match wins; a test holds that every status falls under some line.
TABLE: Final[tuple[Row, ...]] = (
    Row(_one(401), None, None, Signal.REFUSED, errors.Unauthorized),
    Row(_one(403), None, None, Signal.REFUSED, errors.Forbidden),
    Row(_one(404), CURSOR, True, Signal.REFUSED, errors.CursorExpired),
    Row(_one(400), CURSOR, True, Signal.REFUSED, errors.CursorExpired),
    Row(_one(404), None, None, Signal.REFUSED, errors.NotFound),
    Row(_one(409), SIMULTANEOUS, False, Signal.SIMULTANEOUS, errors.Simultaneous),
    Row(_one(409), None, None, Signal.REFUSED, errors.Conflict),
    Row(_one(415), None, None, Signal.REFUSED, errors.UnsupportedMedia),
    Row(_one(429), "throttled", None, Signal.THROTTLED, errors.Throttled),
    Row(_one(429), "quota_exceeded", None, Signal.QUOTA_EXCEEDED, errors.QuotaExceeded),
    Row(_one(429), QUEUED_ACTIVITIES, None, Signal.QUEUE_FULL, errors.ActivityQueueFull),
    Row(_one(408), None, True, Signal.SERVER_FAULT, errors.ServerFault),
    Row(_one(408), None, False, Signal.SERVER_FAULT, errors.OutcomeUnknown),
    Row(range(400, 500), None, None, Signal.REFUSED, errors.Invalid),
    Row(range(500, 1000), None, True, Signal.SERVER_FAULT, errors.ServerFault),
    Row(range(500, 1000), None, False, Signal.SERVER_FAULT, errors.OutcomeUnknown),
    Row(range(400), None, None, Signal.REFUSED, errors.WrongShape),
)


def from_response(response: httpx.Response) -> ProviderError:
    """The error that this answer means, with the answer for whoever asked; the body must have been read."""
    request = response.request
    fault = read_fault(response.content)
    error = of_answer(response, fault).error(
        fault.message,
        status=response.status_code,
        error_key=fault.error_key,
        method=request.method,
        path=redaction.path_of(request.url),
    )
    error.answer = Secret(redaction.without_credentials(response.content.decode(errors="replace")))
    error.headers = {
        name: response.headers[name] for name in NUMBERED if _NUMBER.fullmatch(response.headers.get(name, ""))
    }
    return error


def of_answer(response: httpx.Response, fault: Fault) -> Row:
    """The line of the table that an answer which is not a success falls under."""
    status, safe = response.status_code, response.request.method in SAFE_METHODS
    key = _key(response.request, status, fault)
    return next(row for row in TABLE if row.fits(status, key, safe))


def is_server_fault(status: int) -> bool:
    """5xx, and 408: the gateway's way of saying that the service did not answer it in time."""
    return status >= 500 or status == 408


def _key(request: httpx.Request, status: int, fault: Fault) -> str | None:
    """The provider's key, or our own word where it has none or too general a one."""
    if status == 429 and fault.error_key not in ("throttled", "quota_exceeded"):
        return _key_of_429(request, fault.message.lower())
    if status == 409 and request.url.path == SIGN_UP_PATH:
        return SIMULTANEOUS
    if status in (400, 404) and "cursor" in request.url.params:
        return CURSOR
    return fault.error_key


def _key_of_429(request: httpx.Request, text: str) -> str:
    if "queued" in text and "activit" in text:
        return QUEUED_ACTIVITIES
    # The gateway's stock texts, should it ever leave the key out.
    if "limit exceeded" in text:
        return "quota_exceeded"
    if "too many requests" in text:
        return "throttled"
    # The key of the queue's refusal is not published. On a call that queues an activity, waiting for the
    # account is right for that and harmless for any other unpublished limit.
    queues = request.method == "POST" and request.url.path.startswith("/v3/activities/")
    return QUEUED_ACTIVITIES if queues else "throttled"
