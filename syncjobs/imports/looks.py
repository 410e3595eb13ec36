"""By how old a look at the account a call may still leave.

What may bring somebody back, or write over a newer value, never leaves by an old one; whatever else was planned stays
right, however long it waits. A call that goes again needs besides a look at who was changed since, which is guarded by
the first and good for a short while only.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from django.conf import settings

from syncjobs.models import Batch
from syncjobs.planner import IMPORTS, Kind

MAKE_MAILABLE: Final = IMPORTS | {Kind.ADD_LISTS}
# A call that could not leave for longer, for want of quota say, is looked at again.
GUARDED_FOR: Final = timedelta(minutes=5)
# At the whole account, at who was changed since, or at nothing more.
Look = Literal["account", "changes", ""]


def needed(planned: Batch, compared_at: str | None, guarded: Mapping[str, Any]) -> Look:
    """What has to be looked at before this call.

    Args:
        planned: the call.
        compared_at: when the account was looked at for the job's rows; a retry forgets it.
        guarded: for which call it was looked last who was changed, as `guarded`, and when, as `guarded_at`.
    """
    if planned.kind not in MAKE_MAILABLE:
        return ""
    if compared_at is None:
        return "account"
    if not (planned.sendings or planned.depth):
        most = timedelta(minutes=settings.ENV.COMPARE_MINUTES)
        return "" if _is_young(compared_at, most) else "account"
    if planned.kind not in IMPORTS:
        return ""
    is_for_it = guarded.get("guarded") == str(planned.pk)
    return "" if is_for_it and _is_young(guarded.get("guarded_at"), GUARDED_FOR) else "changes"


def _is_young(at: str | None, most: timedelta) -> bool:
    return at is not None and datetime.now(UTC) - datetime.fromisoformat(at) <= most
