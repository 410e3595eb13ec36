"""What an import will cost, before it starts: the planner's count over a sample of the file, and what comes round it.

The first some thousand rows stand for all; a smaller file is counted exactly. New lists, tags and fields are a call
each, reading the account a few, and each round of activities a look or two. Kept with the job, so that the end shows
how good it was.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import uuid4

from django.conf import settings

from connections import facts, gateway
from connections.models import Connection, QuotaPool
from mapping import mirror, translation
from mapping.translation import Plan, Translated
from mapping.values import BadValue
from syncjobs import activities
from syncjobs.imports import bodies, rendering, uploads
from syncjobs.imports.choices import NEW, Choices, translation_of
from syncjobs.imports.readers import records
from syncjobs.imports.weighing import calls_of, cheapest
from syncjobs.models import SyncJob, Upload
from syncjobs.planner import Kind, Limits, People, Wanted, quoting
from syncjobs.polling import Pace

SAMPLE_ROWS: Final = 2_000
# Contacts on one page.
PAGE = 500
# A JSON call takes one contact more than a file, whose header counts (api_guide/import_contacts.html).
JSON_ROWS_MORE: Final = 1
# Calls to read an account that holds somebody: the count, an export, a look, the file, the deleted.
READING: Final = 5
# With a mirror that is young the opt-outs and the deleted; where nobody was there lately, the count and the deleted.
LOOKING: Final = 2


@dataclass(frozen=True)
class Quote:
    """The price of an import; `people` are those of the file, about."""

    people: int
    calls: int
    # Looks at the account's activities among them: as few as can be.
    polls: int
    percent: float
    seconds: float
    uses_scratch: bool
    # The calls of a whole day; 0 in what was kept before they were.
    per_day: int = 0
    # What it costs with a temporary list where none may be made, or nothing where that changes nothing.
    with_scratch: int | None = None

    @property
    def text(self) -> str:
        """In words."""
        calls = "1 call" if self.calls == 1 else f"{self.calls:,} calls"
        day = f"{self.percent:.2f} % of today's {self.per_day:,} calls to Constant Contact"
        return f"{calls}, {day}, about {quoting.time_text(self.seconds)}"


def limits(lists: int, header: int, settled: Mapping[str, str]) -> Limits:
    """What one call carries, by settings and facts, with so many lists in it and so long a header at most."""
    rows = settings.ENV.IMPORT_BATCH_ROWS
    most = min(max(lists + 1, 1), Limits.list_ids)
    return Limits(
        body_bytes=bodies.most_bytes(settled),
        overhead=gateway.import_overhead(f"pb-{uuid4().hex}.csv", [str(uuid4())] * most) + header,
        csv_rows=rows,
        json_rows=rows + JSON_ROWS_MORE,
    )


def quote(connection: Connection, upload: Upload, columns: list[dict[str, Any]], choices: Choices) -> Quote:
    """The price, by the file, the choices, the maps as they are saved, and the account as last known. Inside the scope.

    `columns` are as `columns.of_file` answers them.
    """
    return _quote(_Sample(connection, _Rows.of(upload), columns, choices))


def _quote(sample: "_Sample") -> Quote:
    found = sample.price(scratch=sample.choices.scratch)
    if sample.choices.scratch or not sample.has_tags:
        return found
    other = sample.price(scratch=True)
    return replace(found, with_scratch=other.calls if other.calls < found.calls else None)


def with_others(
    connection: Connection, upload: Upload, columns: list[dict[str, Any]], choices: Choices
) -> tuple[Quote, dict[str, int]]:
    """The price, and how many calls more a new list, or a new tag, for everyone takes. As `quote`, by one look."""
    sample = _Sample(connection, _Rows.of(upload), columns, choices)
    found, new = _quote(sample), frozenset({f"{NEW}everyone"})
    others = {
        "list": replace(sample.plan, everyone=new),
        "tag": replace(sample.plan, everyone_tags=new),
    }
    return found, {
        name: sample.by(plan).price(scratch=choices.scratch).calls - found.calls
        for name, plan in others.items()
    }


@dataclass(frozen=True)
class _Rows:
    """The first rows of a file, and how many of the whole each stands for."""

    rows: list[list[str] | None]
    share: float

    @classmethod
    def of(cls, upload: Upload) -> "_Rows":
        head = uploads.facts(upload)
        found = records(uploads.chunks_from(upload), head.layout, head.first, uploads.limits())
        rows = list(islice((record.values for record in found), SAMPLE_ROWS + 1))
        whole = len(rows) <= SAMPLE_ROWS
        return cls(rows[:SAMPLE_ROWS], 1.0 if whole else max(1.0, head.approximate_records / SAMPLE_ROWS))


# Lists, tags, and whether a file may carry the row: it has no blanks, or blanks are known to change nothing.
_Alike = tuple[frozenset[str], frozenset[str], bool]


class _Sample:
    """The first rows of a file, as groups of people alike, each standing for as many as the whole file has."""

    def __init__(
        self, connection: Connection, rows: _Rows, columns: list[dict[str, Any]], choices: Choices
    ) -> None:
        self.connection = connection
        self.choices = choices
        self.settled = facts.found()
        self.known = mirror.state(connection)
        self.blanks_may_go = self.settled.get("import_blank_values") == "ignored"
        self.plan = translation_of(connection, columns, choices)
        self.new_fields = sum(one["kind"] == "new" for one in columns)
        self.sent = [place.column for place in self.plan.places.values() if place.column != "email"]
        self.pool = QuotaPool.objects.get(apps=connection.provider_app_id)
        self.rows = rows
        self.share = rows.share
        self.people: list[Translated] = list(_translated(self.plan, rows.rows))
        self.has_tags = any(one.tag_ids for one in self.people)

    def by(self, plan: Plan) -> "_Sample":
        """The same rows by another plan of the same columns."""
        other = copy(self)
        other.plan, other.people = plan, list(_translated(plan, self.rows.rows))
        return other

    def wanted(self, *, scratch: bool) -> Wanted:
        """What the planner is asked."""
        lines = rendering.Lines()
        counts, sizes, more, addresses = (Counter[_Alike]() for _ in range(4))
        largest = 0
        for one in self.people:
            fills_file = self.blanks_may_go or set(self.sent) <= one.values.keys()
            key = frozenset(one.list_ids), frozenset(one.tag_ids), fills_file
            size = lines.size([one.email, *(one.values.get(name, "") for name in self.sent)])
            counts[key] += 1
            sizes[key] += size
            more[key] += rendering.json_more(["email", *(self.sent if fills_file else one.values)])
            addresses[key] += len(one.email) + 2
            largest = max(largest, size)
        people = tuple(
            People(
                key=str(number),
                count=max(1, round(count * self.share)),
                joins=key[0],
                tags_on=key[1],
                csv_bytes=round(sizes[key] * self.share),
                json_bytes=round((sizes[key] + more[key]) * self.share),
                largest_row=largest + rendering.json_more(["email", *self.sent]),
                address_bytes=round(addresses[key] * self.share),
                csv_can=key[2],
            )
            for number, (key, count) in enumerate(counts.items())
        )
        joined = {name for key in counts for name in key[0]}
        most = limits(len(joined), rendering.size_of(["email", *self.sent]), self.settled)
        new = frozenset(name for name in joined if name.startswith(NEW))
        return Wanted(people, most, scratch_allowed=scratch, closed_lists=new, singly=False)

    def price(self, *, scratch: bool) -> Quote:
        """What the cheapest plan costs with all that comes round it."""
        pool = self.pool
        people = round(len(self.people) * self.share)
        pages = _pages(self.known.total + people)
        made = cheapest(self.wanted(scratch=scratch), pages)
        rounds = quoting.rounds(made)
        calls = self._preparing() + self._reading(people) + calls_of(made, pages) + rounds
        slope = activities.seconds_for_thousand(Kind.IMPORT_CSV, self.settled)
        a_round = Pace.guess(settings.ENV.ACTIVITY_SECONDS, slope).predict(people)
        seconds = calls / pool.calls_per_second + rounds * a_round
        day = pool.calls_per_day
        return Quote(people, calls, rounds, 100 * calls / day, seconds, made.uses_scratch, day)

    def _preparing(self) -> int:
        """Lists, tags and custom fields that are made first."""
        names = {name for one in self.people for name in (*one.list_ids, *one.tag_ids)}
        new: int = self.new_fields + sum(name.startswith(NEW) for name in names)
        return new

    def _reading(self, people: int) -> int:
        """Calls to find out who is in the account; the deleted come page by page, or for few people one by one."""
        most = timedelta(minutes=settings.ENV.COMPARE_MINUTES)
        deleted = max(1, _pages(self.known.deleted))
        if not mirror.is_fresh(self.known, datetime.now(UTC), most):
            return (READING if self.known.total else LOOKING) - 1 + deleted
        asked = people if people < self.known.deleted // PAGE else deleted
        return (LOOKING if self.known.total else LOOKING - 1) - 1 + asked


def pages_of(connection: Connection, people: int) -> int:
    """Pages of the whole account, with so many people of a file in it. Inside the scope."""
    return _pages(mirror.state(connection).total + people)


def _pages(people: int) -> int:
    return -(-people // PAGE)


def _translated(plan: Plan, rows: list[list[str] | None]) -> Iterator[Translated]:
    for values in rows:
        try:
            if values is not None:
                yield translation.translate(plan, values)
        except BadValue:
            continue


def kept(found: Quote) -> dict[str, Any]:
    """As a job keeps it."""
    return {**asdict(found), "text": found.text}


def verdict(job: SyncJob, calls: int) -> str:
    """What came of a job's quote, in words; nothing while it runs, or where none was made."""
    quoted = (job.options.get("quote") or {}).get("calls")
    if not quoted or job.state != SyncJob.State.DONE:
        return ""
    if calls == quoted:
        return "exactly as quoted"
    percent = 100 * abs(calls - quoted) / quoted
    return f"{percent:.0f} % {'more' if calls > quoted else 'fewer'} than quoted"
