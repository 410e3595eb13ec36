"""What a program sees of the day's provider calls."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from connections.api.contract import Envelope, needs, scope_of
from connections.quota.usage import CALLS_FOR
from syncjobs import limits

router = Router()


class AccountCalls(Schema):
    """One account's calls of today; no id: links under way, or accounts that were removed."""

    integrated_account_id: UUID | None
    used: int


class Quota(Schema):
    """The workspace's part of today's provider calls.

    `used`, `share` and `left` are of interactive calls in both environments, `work` of jobs' calls, which may come to
    `share_of_work` for now. The counts by class, purpose and account are of this environment.
    """

    day: date
    used: int
    share: int
    left: int
    work: int
    share_of_work: int
    resets_at: datetime
    runs_out_at: datetime | None
    waiting_jobs: int
    by_class: dict[str, int]
    by_purpose: dict[str, int]
    by_account: list[AccountCalls]


class QuotaEnvelope(Envelope):
    """Today's provider calls; null while the environment has no application."""

    result: Quota | None


@router.get("/quota", response=QuotaEnvelope, summary="Today's provider calls")
@needs("jobs:read")
def get_quota(request: HttpRequest) -> dict[str, Any]:
    """What this workspace has used of today's calls, and what is left for it."""
    day = limits.look(scope_of(request), datetime.now(UTC))
    if day is None:
        return {"result": None, "result_count": 0}
    use = day.use
    result = {
        "day": use.day,
        "used": use.used,
        "share": use.share,
        "left": use.left,
        "work": use.work,
        "share_of_work": use.share_of_work,
        "resets_at": use.resets_at,
        "runs_out_at": day.runs_out_at,
        "waiting_jobs": len(day.waiting),
        "by_class": {name: use.by_class.get(name, 0) for name in CALLS_FOR},
        "by_purpose": use.by_purpose,
        "by_account": [
            {"integrated_account_id": one.connection_id, "used": one.used} for one in day.accounts
        ],
    }
    return {"result": result}
