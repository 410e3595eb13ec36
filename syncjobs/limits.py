"""What is used and left of the day's provider calls, in words first. Pure but for `look`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from connections.models import Connection
from connections.people.accounts import provider_app_for
from connections.quota import usage
from connections.quota.usage import CALLS_FOR, OwnUse
from connections.scoping import Scope
from syncjobs import filters, states
from syncjobs.models import SyncJob

AMBER: Final = 0.8
# A pace needs some calls and some time behind it before it says anything.
LEAST_CALLS: Final = 50
LEAST_HOURS: Final = 0.5
WAITING_SHOWN: Final = 20
_QUOTA_REASONS: Final = ("quota_exceeded", "share_used", "account_used", "throttled", "activity_queue_full")


@dataclass(frozen=True)
class Account:
    """A linked account's calls of today."""

    connection_id: UUID | None
    name: str
    used: int


@dataclass(frozen=True)
class Day:
    """The day of one workspace.

    `state`: working, late (over 80 % of the share) or stopped (nothing left). `runs_out_at`: when the share ends at
    today's pace, if it does.
    """

    use: OwnUse
    state: str
    runs_out_at: datetime | None
    accounts: list[Account]
    waiting: list[SyncJob]
    own_application: bool

    @property
    def here(self) -> int:
        """Calls of this environment."""
        return sum(self.use.by_class.values())

    @property
    def purposes(self) -> list[tuple[str, int]]:
        """Calls of this environment by what they were for."""
        return [(text, self.use.by_class.get(name, 0)) for name, text in CALLS_FOR.items()]


def look(scope: Scope, now: datetime) -> Day | None:
    """The day of a workspace; None while the environment has no application to call with."""
    with scope.transaction():
        app = provider_app_for(scope.tenant_id, scope.environment)
    if app is None:
        return None
    use = usage.own(scope, app.pool_id)
    with scope.transaction():
        wanted = [pk for pk in use.by_account if pk is not None]
        names = dict(Connection.objects.filter(pk__in=wanted).values_list("pk", "account_name"))
        jobs = SyncJob.objects.select_related("connection").filter(
            filters.PEOPLES, state__in=states.OPEN, reason__in=_QUOTA_REASONS
        )
        waiting = list(jobs.order_by("not_before", "created_at")[:WAITING_SHOWN])
    return Day(
        use,
        state_of(use.used, use.share),
        runs_out(use, now),
        _accounts(use, names),
        waiting,
        app.tenant_id is not None,
    )


def _accounts(use: OwnUse, names: Mapping[UUID, str]) -> list[Account]:
    found = [
        Account(pk if pk in names else None, names.get(pk, "") if pk else "Linking of accounts", used)
        for pk, used in use.by_account.items()
    ]
    found = [one if one.name else Account(None, "Accounts that were removed", one.used) for one in found]
    return sorted(found, key=lambda one: (-one.used, one.name))


def state_of(used: int, share: int) -> str:
    """How a share stands, as a status of the glossary."""
    if used >= share:
        return "stopped"
    return "late" if used >= AMBER * share else "working"


def runs_out(use: OwnUse, now: datetime) -> datetime | None:
    """When the share ends at the pace of today so far; None if it lasts, has ended, or too little was called."""
    began = datetime.combine(use.day, datetime.min.time(), UTC)
    hours = (now - began).total_seconds() / 3600
    if use.used < LEAST_CALLS or hours < LEAST_HOURS or use.left <= 0:
        return None
    at = now + timedelta(hours=use.left / (use.used / hours))
    return at if at < use.resets_at else None
