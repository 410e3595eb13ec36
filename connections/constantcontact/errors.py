"""Every way in which a call can fail, one class per meaning.

    ProviderError
    |-- Unauthorized         401: the access token is missing, expired or revoked
    |-- Forbidden            403: scope, privilege or a deactivated application; the answer tells not which
    |-- NotFound             404
    |   `-- CursorExpired    404 or 400 to a page's link: the walk begins again
    |-- Conflict             409: a duplicate, or two edits at once
    |   `-- Simultaneous     409 to a sign-up: another one of the same person is under way
    |-- Invalid              400 and other refusals of what we sent
    |   `-- UnsupportedMedia 415
    |-- Throttled            429: too fast for the application's second; pace down
    |-- QuotaExceeded        429: the application's day is spent; nothing until 00:00 UTC
    |-- ActivityQueueFull    429: this account has its 1,000 activities queued; the pool is innocent
    |-- NotReady             202 to a read: the provider is still working it out; ask again
    |-- ServerFault          5xx on a call that changes nothing
    |-- Unreachable          not delivered: no byte of the request left
    |-- OutcomeUnknown       sent, but no answer to trust; 5xx on a call that changes something
    |   `-- WrongShape       answered with a body that is cut, garbled or not what the call answers
    |-- QuotaRefused         our own ledger said no; nothing was sent
    |   `-- Resting          too many calls failed just now; nothing was sent
    `-- TokenError
        |-- InvalidGrant     the one thing that means: reconnect
        |-- InvalidClient    client id or secret are wrong: the operator's matter
        `-- TokenUnavailable anything else at the token endpoint: back off, the old token may still work

Texts say what to do next and are safe to log: `message` is the provider's text without tokens and addresses.
Which answer means which class is the table of `meanings`.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from connections.constantcontact import redaction

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CONTACT_ID = re.compile(r"\bcontact ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)


class ProviderError(Exception):
    """A call did not do what it should; the subclass says what that means."""

    advice: ClassVar[str] = "The call to Constant Contact failed."
    # The provider's whole answer, where a program is to see it: it holds the account's data, so it is for no log.
    answer: redaction.Secret | None = None
    # What the provider's support asks for: its own numbers of the request, by header.
    headers: Mapping[str, str] = MappingProxyType({})

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


class CursorExpired(NotFound):
    """A page's link is not known any more."""

    advice = "This link to a further page has died. Begin the walk, or its window of time, again."


class Conflict(ProviderError):
    """409."""

    advice = "It exists already, or was edited at the same moment. Read it and decide again."

    @property
    def contact_id(self) -> str | None:
        """The contact that is in the way, where the provider names it."""
        found = _CONTACT_ID.search(self.message)
        return found.group(1).lower() if found else None


class Simultaneous(Conflict):
    """409 to a sign-up."""

    advice = "Another sign-up of the same person is under way. Try again in a moment."


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


class NotReady(ProviderError):
    """202 to a read."""

    advice = "Constant Contact is still working it out. Ask the same again after a pause."


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


class Resting(QuotaRefused):
    """Too many calls failed just now; nothing was sent."""

    advice = "Constant Contact fails at the moment; nothing was sent. One call in a while asks how it is."


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
