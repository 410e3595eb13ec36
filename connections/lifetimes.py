"""When a grant is renewed, when it is tried again, and what may follow an answer that was lost. Pure.

A rotating refresh token is used up by the call that renews it. Where the answer of that call is lost, nobody knows
whether the token we hold is still good. Three things can be true:

    not renewed     The token is good at any time.
    renewed         Constant Contact takes the former token for a short grace (the platform offers 0 to 60 seconds);
                    asking within it gives a pair, asking after it is a reuse, which ends the grant.
    renewed, and    Nobody has a refresh token any more. The grant ends with its access token, whatever is done;
    no grace        asking again only ends it sooner.

So it is asked again soon, within the grace: that is right in the first two cases, and in the third it takes nothing
but the rest of an access token whose grant is gone anyway. Each further try waits, ever longer, until the one before
can no longer be on its way, since two calls that overtake each other would use up each other's tokens. A try may die
before it leaves, so one that nobody answered does not end the tries; the grace does, counted from the first of them.
After that the present access token is used to its end, and only then, when nothing is left to lose, is the token
tried again. Where it is settled that there is no grace (`facts`, refresh_grace_seconds), the second try too waits for
that end.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

EARLIEST, LATEST = 0.5, 0.9  # of the access token's life
KEPT_EARLIEST: Final = 0.8  # of the longest time a grant is left alone
# The platform's own default; to ask within it is right as long as nobody knows better.
UNSETTLED_GRACE: Final = timedelta(seconds=30)
# By then the bytes of a call that was given up have arrived or never will.
SETTLE: Final = timedelta(seconds=3)
# The grace counts from the provider's moment; a try must arrive inside it, not leave.
ROOM: Final = timedelta(seconds=5)
LAST_MINUTE: Final = timedelta(seconds=60)
# First and longest pause after a failure: while the access token lives, and when work stands still for it.
PAUSES_ALIVE: Final = (30.0, 1800.0)
PAUSES_ENDED: Final = (2.0, 300.0)


@dataclass(frozen=True)
class Trouble:
    """What stands in the way of the next try.

    Args:
        ends_at: when the present access token ends; now, if it has been refused.
        retry_at: a pause after a failure ends here.
        asks: calls with the present refresh token of which nobody knows how they ended.
        asked_at: when the first of them began.
    """

    ends_at: datetime
    retry_at: datetime | None = None
    asks: int = 0
    asked_at: datetime | None = None


def not_before(trouble: Trouble, now: datetime, grace: timedelta) -> datetime:
    """The first moment at which the token endpoint may be asked; at or before `now` if it may be asked now."""
    earliest = max(trouble.retry_at or now, now)
    if not trouble.asks or trouble.ends_at <= now or is_within_grace(trouble, earliest, grace):
        return earliest
    return max(earliest, trouble.ends_at - LAST_MINUTE)


def is_within_grace(trouble: Trouble, moment: datetime, grace: timedelta) -> bool:
    """Whether another try at this moment would be right even if one of the unanswered was granted."""
    return trouble.asks > 0 and trouble.asked_at is not None and moment <= trouble.asked_at + grace - ROOM


def pause(trouble: Trouble, failures: int, now: datetime, grace: timedelta) -> datetime:
    """Until when to leave the token endpoint alone after the `failures`-th failure in a row."""
    settled = now + SETTLE * (1 << min(max(trouble.asks - 1, 0), 20))
    if is_within_grace(trouble, settled, grace):
        return settled
    alive = trouble.ends_at > now
    first, longest = PAUSES_ALIVE if alive else PAUSES_ENDED
    ends = now + timedelta(seconds=min(longest, first * 2 ** min(failures - 1, 20)))
    # A pause never reaches beyond the access token: from its end on, work waits for the answer.
    return min(ends, max(trouble.ends_at, now + SETTLE)) if alive else ends


def renew_at(connection_id: UUID, since: datetime, until: datetime) -> datetime:
    """When a token in use is renewed: at 50 to 90 % of its life, for each connection at another time."""
    return since + (until - since) * (EARLIEST + (LATEST - EARLIEST) * _share(connection_id))


def keep_alive_at(connection_id: UUID, since: datetime, longest: timedelta) -> datetime:
    """When a grant that nobody uses is renewed, so that it does not die of disuse (after 180 days)."""
    return since + longest * (KEPT_EARLIEST + (1 - KEPT_EARLIEST) * _share(connection_id))


def _share(connection_id: UUID) -> float:
    """A number from 0 to 1 that belongs to the connection."""
    return int.from_bytes(hashlib.sha256(connection_id.bytes).digest()[:6]) / 2**48
