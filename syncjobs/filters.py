"""Which jobs are listed: by state, account, how lately they ended, outcome, and whether they need somebody.

Home's numbers and its "and 14 more" lead to lists that are made here, from the same conditions that counted them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.http import QueryDict

from connections.models import Connection
from syncjobs import states
from syncjobs.models import ImportRow, SyncJob

WEEK: Final = timedelta(days=7)
# Jobs are counted so far: a list says "more than" instead of reading every job that there ever was.
MOST_COUNTED: Final = 1_000
# Rejected rows are worth a person's time from a twentieth of the rows, or from a hundred of them.
MANY_REJECTS: Final = 100
REJECTED_SHARE: Final = 20

# Jobs that people start or wait for; reading an account into the mirror is our own housekeeping.
PEOPLES: Final = ~Q(kind="mirror")

STATES: Final[dict[str, tuple[str, Q]]] = {
    "needs-somebody": ("Needs somebody", Q()),  # by the moment: see `needing`
    "open": ("Queued, running or waiting", Q(state__in=states.OPEN)),
    "waiting": ("Waiting", Q(state=SyncJob.State.WAITING)),
    "attention": ("Needs you", Q(state=SyncJob.State.ATTENTION)),
    "done": ("Done", Q(state=SyncJob.State.DONE)),
    "done-with-rejects": ("Done with rejects", Q(state=SyncJob.State.DONE, rejected__gt=0)),
    "failed": ("Failed", Q(state=SyncJob.State.FAILED)),
    "stopped": ("Stopped", Q(state=SyncJob.State.STOPPED)),
}
SINCE: Final[dict[str, tuple[str, timedelta]]] = {
    "24h": ("Ended in the last 24 hours", timedelta(hours=24)),
    "7d": ("Ended in the last 7 days", WEEK),
}
OUTCOMES: Final[dict[str, str]] = {
    "created": "With people created",
    "updated": "With people updated",
    "unchanged": "With people unchanged",
    "skipped": "With rows skipped",
    "rejected": "With rows rejected",
}
OUTCOME_WORDS: Final[dict[str, str]] = {
    **{value: str(label) for value, label in ImportRow.Outcome.choices},
    "unchanged": "No change",
}


def needing(now: datetime) -> Q:
    """Jobs that somebody should look at: halted, failed, or with many rejects; of the last week, where they are over.

    Where the account itself must be reconnected that is what somebody has to do, and the account says so. A failed
    job is settled once a later one of its account is done.
    """
    later = SyncJob.objects.filter(
        PEOPLES,
        connection=OuterRef("connection"),
        state=SyncJob.State.DONE,
        created_at__gt=OuterRef("created_at"),
    )
    lately = Q(ended_at__gte=now - WEEK)
    sound = Q(connection__status=Connection.Status.ACTIVE, connection__refusal="")
    halted = Q(state=SyncJob.State.ATTENTION) & sound
    failed = Q(state=SyncJob.State.FAILED) & lately & ~Q(Exists(later))
    many = Q(rejected__gte=MANY_REJECTS) | Q(accepted__lte=F("rejected") * REJECTED_SHARE)
    return PEOPLES & (halted | failed | (Q(state=SyncJob.State.DONE, rejected__gt=0) & lately & many))


@dataclass(frozen=True)
class JobFilter:
    """What was asked for; a word that means nothing here leaves nothing out."""

    state: str = ""
    since: str = ""
    outcome: str = ""
    account: UUID | None = None

    @classmethod
    def of(cls, given: QueryDict) -> "JobFilter":
        """From the query of a request."""
        try:
            account = UUID(given.get("account", ""))
        except ValueError:
            account = None

        def known(name: str, words: dict[str, Any]) -> str:
            value = given.get(name, "")
            return value if value in words else ""

        return cls(known("state", STATES), known("since", SINCE), known("outcome", OUTCOMES), account)

    @property
    def is_on(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.state or self.since or self.outcome or self.account)

    def narrow(self, rows: "QuerySet[SyncJob]", now: datetime) -> "QuerySet[SyncJob]":
        """The jobs that fit."""
        if self.state:
            rows = rows.filter(needing(now) if self.state == "needs-somebody" else STATES[self.state][1])
        if self.since:
            rows = rows.filter(ended_at__gte=now - SINCE[self.since][1])
        if self.outcome:
            rows = rows.filter(**{f"{self.outcome}__gt": 0})
        if self.account:
            rows = rows.filter(connection_id=self.account)
        return rows

    def sentence(self, count: int, people: int, account: Connection | None = None) -> str:
        """What is listed, in words: every filter that is on is named. `count` and `people` come from `sums`."""
        words = [f"{count:,} job{'' if count == 1 else 's'}" if count else "No job"]
        if self.is_more(count):
            words = [f"More than {MOST_COUNTED:,} jobs"]
        if self.account:
            words.append(f"of {account}" if account else "of an account that is not here")
        if self.state:
            words.append(f"in the state “{STATES[self.state][0].lower()}”")
        if self.since:
            words.append(f"that {SINCE[self.since][0].lower()}")
        if self.outcome:
            words.append(OUTCOMES[self.outcome].lower())
        found = " ".join(words)
        number = f"{people:,} {OUTCOME_WORDS[self.outcome].lower()}" if self.outcome and count else ""
        return f"{found}; {number} in all" if number else found

    def sums(self, rows: "QuerySet[SyncJob]") -> tuple[int, int]:
        """How many jobs these are, and how many rows of the outcome they have together. Inside the scope.

        Where no outcome is asked for, jobs are counted to one more than MOST_COUNTED (`is_more`), and no rows.
        """
        if not self.outcome:
            return rows.order_by().values("pk")[: MOST_COUNTED + 1].count(), 0
        found = rows.order_by().aggregate(jobs=Count("pk"), people=Sum(self.outcome))
        return found["jobs"], found["people"] or 0

    def is_more(self, count: int) -> bool:
        """Whether there are more jobs than were counted."""
        return not self.outcome and count > MOST_COUNTED


def choices(words: dict[str, Any]) -> list[tuple[str, str]]:
    """The options of a select: value and label."""
    return [(value, label if isinstance(label, str) else label[0]) for value, label in words.items()]
