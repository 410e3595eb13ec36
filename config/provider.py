"""What a program is told where the provider refused, or did not answer: tables by the kind of the error. Pure."""

from dataclasses import dataclass
from typing import Final

from connections.constantcontact import errors
from connections.constantcontact.errors import ProviderError
from connections.links.pausing import Paused

# What failed on the way, the most special first: the status for the caller, and seconds after which to try again.
_WAYS: Final[tuple[tuple[type[ProviderError], int, int | None], ...]] = (
    (errors.InvalidGrant, 401, None),
    (errors.TokenError, 503, 30),
    (errors.Unreachable, 502, 5),
    (errors.OutcomeUnknown, 504, None),
    (errors.Throttled, 429, 1),
)

# What the provider itself refuses, with its own status.
_REFUSALS: Final = (
    errors.Unauthorized,
    errors.Forbidden,
    errors.NotFound,
    errors.Conflict,
    errors.Invalid,
    errors.Throttled,
    errors.QuotaExceeded,
    errors.ActivityQueueFull,
)


# What a provider's refusal or silence is called in the errors guide, the most special first.
_CODES: Final[tuple[tuple[type[ProviderError], str], ...]] = (
    (errors.InvalidGrant, "needs_reconnect"),
    (errors.Unauthorized, "provider_unauthorized"),
    (errors.Forbidden, "provider_forbidden"),
    (errors.NotFound, "provider_not_found"),
    (errors.Conflict, "provider_conflict"),
    (errors.Invalid, "provider_invalid"),
    (errors.Throttled, "throttled"),
    (errors.QuotaExceeded, "quota_exceeded"),
    (errors.ActivityQueueFull, "activity_queue_full"),
    (errors.OutcomeUnknown, "outcome_unknown"),
    (errors.Unreachable, "provider_unreachable"),
    (errors.TokenError, "token_unavailable"),
    (Paused, "account_paused"),
)


@dataclass(frozen=True)
class Told:
    """Status and code of an error, whether the provider itself said no, and after how many seconds to try again."""

    status: int
    code: str
    is_remote: bool
    retry_after_seconds: int | None


def told(error: ProviderError) -> Told:
    """What a program is told of an error."""
    found = ((status, seconds) for kind, status, seconds in _WAYS if isinstance(error, kind))
    status, seconds = next(found, (503, None))
    is_remote = isinstance(error, errors.InvalidGrant)
    if isinstance(error, _REFUSALS) and error.status is not None:
        status, is_remote = error.status, True
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "provider_unreachable")
    return Told(status, code, is_remote, seconds)
