"""What an import will cost, before it starts: the planner's count over a sample of the file, and what comes round it.

The first some thousand rows stand for all; a smaller file is counted exactly. New lists, tags and fields are a call
each, reading the account a few, and each round of activities a look or two. Kept with the job, so that the end shows
how good it was.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import uuid4

from django.conf import settings

from connections import facts, gateway
from connections.models import Connection, QuotaPool
from mapping import fields, mirror, translation
from mapping.fields import Place
from mapping.models import ListMapping, RemoteField, TagMapping
from mapping.translation import Plan, Translated
from mapping.values import BadValue
from syncjobs import activities
from syncjobs.imports import bodies, rendering, uploads
from syncjobs.imports import scratch as scratch_list
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
    # What it costs with a temporary list where none may be made, or nothing where that changes nothing.
    with_scratch: int | None = None

    @property
    def text(self) -> str:
        """In words."""
        calls = "1 call" if self.calls == 1 else f"{self.calls:,} calls"
        return f"{calls}, {self.percent:.2f} % of a day, about {quoting.time_text(self.seconds)}"


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


class _Named(dict[str, str | None]):
    """A map that knows every name: one that nobody chose anything for is a new one."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return f"new:{name}"


def quote(
    connection: Connection,
    upload: Upload,
    chosen: list[dict[str, Any]],
    *,
    everyone: list[dict[str, str]],
    everyone_tags: list[dict[str, str]],
    scratch: bool,
) -> Quote:
    """The price, by the file, the maps as they are saved, and the account as last known. Inside the scope.

    Args:
        connection: whose account.
        upload: the file.
        chosen: as `columns.of_file` answers them.
        everyone, everyone_tags: lists and tags for everyone, as `plans.start` takes them.
        scratch: whether a temporary list may be made.
    """
    sample = _Sample(connection, upload, chosen, everyone, everyone_tags)
    found = sample.price(scratch=scratch)
    if scratch or not sample.has_tags:
        return found
    other = sample.price(scratch=True)
    return Quote(**{**asdict(found), "with_scratch": other.calls if other.calls < found.calls else None})


def at_first(
    connection: Connection, upload: Upload, chosen: list[dict[str, Any]], *, needs_list: bool
) -> Quote:
    """The price before anything was chosen for everyone: with one new list where the file names none."""
    return quote(
        connection,
        upload,
        chosen,
        everyone=[{"new": "everyone"}] if needs_list else [],
        everyone_tags=[],
        scratch=scratch_list.is_allowed(connection),
    )


# Lists, tags, and whether a file may carry the row: it has no blanks, or blanks are known to change nothing.
_Alike = tuple[frozenset[str], frozenset[str], bool]


class _Sample:
    """The first rows of a file, as groups of people alike, each standing for as many as the whole file has."""

    def __init__(
        self,
        connection: Connection,
        upload: Upload,
        chosen: list[dict[str, Any]],
        everyone: list[dict[str, str]],
        everyone_tags: list[dict[str, str]],
    ) -> None:
        self.connection = connection
        self.settled = facts.found()
        self.known = mirror.state(connection)
        self.blanks_may_go = self.settled.get("import_blank_values") == "ignored"
        self.plan = _translation(connection, chosen, everyone, everyone_tags)
        self.new_fields = sum(one["kind"] == "new" for one in chosen)
        self.sent = [place.column for place in self.plan.places.values() if place.column != "email"]
        head = uploads.facts(upload)
        found = records(uploads.chunks_from(upload), head.layout, head.first, uploads.limits())
        rows = list(islice((record.values for record in found), SAMPLE_ROWS + 1))
        whole = len(rows) <= SAMPLE_ROWS
        self.share = 1.0 if whole else max(1.0, head.approximate_records / SAMPLE_ROWS)
        self.people: list[Translated] = list(_translated(self.plan, rows[:SAMPLE_ROWS]))
        self.has_tags = any(one.tag_ids for one in self.people)

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
        new = frozenset(name for name in joined if name.startswith("new:"))
        return Wanted(people, most, scratch_allowed=scratch, closed_lists=new, singly=False)

    def price(self, *, scratch: bool) -> Quote:
        """What the cheapest plan costs with all that comes round it."""
        pool = QuotaPool.objects.get(apps=self.connection.provider_app_id)
        people = round(len(self.people) * self.share)
        pages = _pages(self.known.total + people)
        made = cheapest(self.wanted(scratch=scratch), pages)
        rounds = quoting.rounds(made)
        calls = self._preparing() + self._reading(people) + calls_of(made, pages) + rounds
        slope = activities.seconds_for_thousand(Kind.IMPORT_CSV, self.settled)
        a_round = Pace.guess(settings.ENV.ACTIVITY_SECONDS, slope).predict(people)
        seconds = calls / pool.calls_per_second + rounds * a_round
        return Quote(people, calls, rounds, 100 * calls / pool.calls_per_day, seconds, made.uses_scratch)

    def _preparing(self) -> int:
        """Lists, tags and custom fields that are made first."""
        names = {name for one in self.people for name in (*one.list_ids, *one.tag_ids)}
        new: int = self.new_fields + sum(name.startswith("new:") for name in names)
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


def _translation(
    connection: Connection,
    chosen: list[dict[str, Any]],
    everyone: list[dict[str, str]],
    everyone_tags: list[dict[str, str]],
) -> Plan:
    """How rows will be translated once what is new has been made."""
    lists = {row.app_list.casefold(): row for row in ListMapping.objects.filter(connection=connection)}
    tags = {row.app_tag.casefold(): row for row in TagMapping.objects.filter(connection=connection)}
    return Plan(
        places=_places(connection, chosen),
        list_columns=[one["position"] for one in chosen if one["kind"] == "lists"],
        lists=_Named({name: _target(row.ignored, row.list_id, row.new_name) for name, row in lists.items()}),
        everyone=frozenset(_target(False, one.get("list_id"), one.get("new", "")) or "" for one in everyone),
        tag_columns=[one["position"] for one in chosen if one["kind"] == "tags"],
        tags=_Named({name: _target(row.ignored, row.tag_id, row.new_name) for name, row in tags.items()}),
        everyone_tags=frozenset(
            _target(False, one.get("tag_id"), one.get("new", "")) or "" for one in everyone_tags
        ),
    )


def _target(ignored: bool, id_: object, new: str) -> str | None:
    if ignored:
        return None
    return str(id_) if id_ else f"new:{new.casefold()}"


def _places(connection: Connection, chosen: list[dict[str, Any]]) -> Mapping[int, Place]:
    names = {str(row.custom_field_id): row for row in RemoteField.objects.filter(connection=connection)}
    found = {}
    for one in chosen:
        if one["kind"] == "standard":
            found[one["position"]] = fields.STANDARD[one["target"]]
        elif one["kind"] == "custom" and one["target"] in names:
            row = names[one["target"]]
            column = fields.custom_column(row.name)
            found[one["position"]] = Place(
                column, row.label, row.type, fields.CUSTOM_LONGEST, tuple(row.choices)
            )
        elif one["kind"] == "new":
            column = fields.custom_column(one["label"].lower())
            found[one["position"]] = Place(column, one["label"], one["type"], fields.CUSTOM_LONGEST)
    return found


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
