"""A program's rows become a job's: all of them, with those that cannot be meant rejected, or nothing at all."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from dataclasses import field as with_default
from typing import Any, Final
from uuid import uuid4

from django.conf import settings

from connections import staging
from connections.models import Connection
from mapping.values import email_key
from syncjobs import queue, webhookevents
from syncjobs.bulk import bodies, places, wishes
from syncjobs.bulk.bodies import Given, Misread
from syncjobs.bulk.wishes import BadRow, Wish
from syncjobs.models import SyncJob

KIND: Final = "bulk"
MODES: Final = ("upsert", "fill_blanks", "skip")
# Different names in one job; each that is unknown is a call.
MOST_NAMES: Final = 500
COLUMNS: Final = (
    *("tenant_id", "environment_id", "job_id", "line", "email_key", "email", "values", "action", "wish"),
    *("list_set", "tag_set", "on_set", "travels", "csv_bytes", "expected"),
    *("outcome", "reason", "field", "detail"),
)


class KeyReused(Exception):
    """The idempotency key belongs to a job that was started with other rows, or in another way."""


@dataclass(frozen=True)
class Asked:
    """How the rows are to be taken.

    Args:
        mode: `upsert` writes values over those that are there, `fill_blanks` only where there is none, `skip` leaves
            whoever is there as he is.
        create_missing: lists, tags and custom fields that nobody knows are made.
        all_or_nothing: one row that is not accepted, and nothing is sent.
        dry_run: nothing is sent; the job says what would become of each row, and what it would cost.
    """

    mode: str = "upsert"
    create_missing: bool = False
    all_or_nothing: bool = False
    dry_run: bool = False


def asked_of(given: dict[str, object]) -> Asked:
    """What stands beside the rows, or in the query.

    Raises:
        Misread: a name that is none, or a value that cannot be meant.
    """
    failures = [(name[:60], "not a field of a bulk write") for name in given if name not in asdict(Asked())]
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name == "mode":
            if value not in MODES:
                failures.append((name, f"one of {', '.join(MODES)}"))
            found[name] = value
        elif name in asdict(Asked()):
            if value not in (True, False, "true", "false"):
                failures.append((name, "true or false"))
            found[name] = value in (True, "true")
    if failures:
        raise Misread(*failures[:20])
    return Asked(**found)


def start(
    connection: Connection, kind: str, body: bytes, given: Mapping[str, object], *, key: str, by: str
) -> SyncJob:
    """The job with all its rows, once for its key. Inside the connection's scope, in one transaction.

    Args:
        connection: whose account.
        kind: of the body: one of those that `bodies` reads.
        body: the rows, and where it is a JSON object how they are to be taken.
        given: what the query says about that; the body's own word goes before it.
        key: the program's idempotency key; without one every call is a job of its own.
        by: who asks, for the consent ledger.

    Raises:
        Misread: the body, or how it is to be taken, cannot be meant; nothing is kept.
        KeyReused: the key belongs to other rows, or to the same ones that were to be taken otherwise.
    """
    asked = {"kind": kind, **asdict(asked_of(dict(given)))}
    sha256 = hashlib.sha256(body).hexdigest()
    name = hashlib.sha256(key.encode()).hexdigest() if key else uuid4().hex
    mine = uuid4().hex
    options: dict[str, object] = {
        "intake": mine,
        "sha256": sha256,
        "asked": asked,
        "by": by,
        "file_name": "contacts sent by a program",
    }
    job = queue.enqueue(
        connection, KIND, f"{connection.pk}:{name}", stage="naming", options=options, tells=False
    )
    if job.options["intake"] != mine:
        if (job.options["sha256"], job.options.get("asked", asked)) != (sha256, asked):
            raise KeyReused
        return job
    said: dict[str, object] = {}
    intake = _Intake(job, bodies.rows(kind, body, said))
    job.accepted = staging.insert("syncjobs_importrow", COLUMNS, intake.rows())
    if not job.accepted:
        raise Misread((bodies.ROWS, "at least one row"))
    job.options = {**options, **asdict(asked_of({**given, **said})), "uses": intake.uses()}
    job.rejected = intake.rejected
    job.save(update_fields=["accepted", "rejected", "options"])
    webhookevents.of_job(job, "created")
    return job


@dataclass
class _Intake:
    """Rows on their way into the table; on the way it gathers what they name."""

    job: SyncJob
    given: Iterator[Given]
    rejected: int = 0
    lists: dict[str, None] = with_default(default_factory=dict)
    tags: dict[str, None] = with_default(default_factory=dict)
    custom: dict[str, str] = with_default(default_factory=dict)
    set_tags: bool = False
    columns: set[str] = with_default(default_factory=set)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Each row as the table takes it. Raises Misread."""
        most: int = settings.ENV.BULK_ROWS
        for count, one in enumerate(self.given):
            if count >= most:
                raise Misread((bodies.ROWS, f"at most {most:,} rows"))
            try:
                if one.problem is not None:
                    raise BadRow("", *one.problem)
                wish = wishes.read(one.document)
            except BadRow as problem:
                self.rejected += 1
                yield self._bad(one, problem)
            else:
                self._gather(wish)
                yield self._good(one.line, wish)

    def uses(self) -> dict[str, Any]:
        """What the rows name. Raises Misread."""
        if len(self.custom) > wishes.MOST_FIELDS:
            raise Misread(("custom_fields", f"at most {wishes.MOST_FIELDS} different ones in one call"))
        for name, found in (("lists", self.lists), ("tags", self.tags)):
            if len(found) > MOST_NAMES:
                raise Misread((name, f"at most {MOST_NAMES} different ones in one call"))
        return {
            "lists": list(self.lists),
            "tags": list(self.tags),
            "custom": list(self.custom.values()),
            "set_tags": self.set_tags,
            "columns": [name for name in places.PLACES if name in self.columns],
        }

    def _gather(self, wish: Wish) -> None:
        self.lists.update(dict.fromkeys((*wish.join, *wish.leave)))
        self.tags.update(dict.fromkeys((*wish.tag, *wish.untag)))
        for name in wish.custom:
            self.custom.setdefault(name.casefold(), name)
        self.columns.update(wish.values)
        self.set_tags = self.set_tags or wish.set_tags

    def _good(self, line: int, wish: Wish) -> tuple[Any, ...]:
        kept = json.dumps(wish.kept(), ensure_ascii=False)
        person = (email_key(wish.email), wish.email, "{}", wish.acts, kept)
        return (*self._head(line), *person, "", "", "", True, 0, "created", "", "", "", "")

    def _bad(self, one: Given, problem: BadRow) -> tuple[Any, ...]:
        email = one.document.get("email") if isinstance(one.document, dict) else ""
        shown = "".join(sign for sign in email if sign.isprintable())[:320] if isinstance(email, str) else ""
        said = ("rejected", problem.reason, problem.place[:100], str(problem)[:300])
        return (*self._head(one.line), "", shown, "{}", "", None, "", "", "", False, 0, "", *said)

    def _head(self, line: int) -> tuple[Any, ...]:
        return self.job.tenant_id, self.job.environment_id, self.job.pk, line
