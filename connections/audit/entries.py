"""Reading a workspace's audit: what was asked for, page by page, and whole for an export.

An environment's page shows its own events and those of the workspace as a whole, never the other environment's. The
export for checking holds the whole chain; of the other environment's events it holds number and hash alone, which is
what the chain needs to hold together. The deployment's chain is nobody's to read here: row-level security hides it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet

from connections.audit import chaining, words
from connections.audit.masking import canonical
from connections.models import AuditEvent
from connections.scoping import Scope
from connections.spreadsheet import BYTE_ORDER_MARK, csv_line

SIZE: Final = 50
EXPORT_PAGE: Final = 1_000
CSV_COLUMNS: Final = (
    "number",
    "at (UTC)",
    "environment",
    "act",
    "sentence",
    "who",
    "e-mail",
    "from",
    "about",
)
HOW: Final = (
    "digest = SHA-256(salt as bytes + detail as UTF-8). hash = SHA-256 of these lines joined by a line feed: the hash "
    "of the event before (the first follows `first`), seq, at, action, environment, digest. An event of the other "
    "environment has its hash alone; take that as given."
)


@dataclass(frozen=True)
class Asked:
    """Which events: of a group, by a person, between two days (both included, UTC)."""

    group: str = ""
    person: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_on(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.group or self.person or self.since or self.until)

    @property
    def query(self) -> dict[str, str]:
        """As an address carries it."""
        values = {"group": self.group, "person": self.person, "since": self.since, "until": self.until}
        return {name: str(value) for name, value in values.items() if value}

    def narrow(self, rows: "QuerySet[AuditEvent]") -> "QuerySet[AuditEvent]":
        """Only these of the rows."""
        if self.group in words.GROUPS:
            rows = rows.filter(action__in=list(words.GROUPS[self.group][1]))
        if self.person:
            rows = rows.filter(detail__contains={"who": {"email": self.person.strip().lower()}})
        if self.since:
            rows = rows.filter(at__gte=_midnight(self.since))
        if self.until:
            rows = rows.filter(at__lt=_midnight(self.until) + timedelta(days=1))
        return rows


@dataclass(frozen=True)
class Line:
    """One event as people read it."""

    seq: int
    at: datetime
    sentence: str
    origin: str
    environment: str
    changes: list[tuple[str, str, str]]
    dropped_at: datetime | None


@dataclass(frozen=True)
class Page:
    """Some lines, newest first, and the queries of the pages beside them ("" where there is none)."""

    lines: list[Line]
    previous: str = ""
    next: str = ""


def page(scope: Scope, asked: Asked, *, before: int | None = None, after: int | None = None) -> Page:
    """One page. Inside the scope.

    Args:
        scope: whose.
        asked: which events.
        before: the number of the event that the page ends above: newer ones.
        after: the number of the event that the page begins below: older ones.
    """
    rows = asked.narrow(_seen(scope))
    if before is not None:
        found = list(rows.filter(seq__gt=before).order_by("seq")[: SIZE + 1])
        has_newer, found = len(found) > SIZE, found[:SIZE][::-1]
        has_older = True
    else:
        older = rows if after is None else rows.filter(seq__lt=after)
        found = list(older.order_by("-seq")[: SIZE + 1])
        has_older, found = len(found) > SIZE, found[:SIZE]
        has_newer = after is not None
    if not found:
        return Page([]) if before is None and after is None else page(scope, asked)
    return Page(
        [line(one) for one in found],
        urlencode({**asked.query, "before": found[0].seq}) if has_newer else "",
        urlencode({**asked.query, "after": found[-1].seq}) if has_older else "",
    )


def line(event: AuditEvent) -> Line:
    """An event in words."""
    detail = event.detail
    said = words.sentence(event.action, detail)
    return Line(
        event.seq,
        event.at,
        said,
        str((detail or {}).get("from", "")),
        event.environment_kind,
        [
            one
            for one in words.changes(detail)
            if one[1] or not (_is_id(one[2]) or one[2].lower() in said.lower())
        ],
        event.dropped_at,
    )


def csv_lines(scope: Scope, asked: Asked, last: int) -> Iterator[str]:
    """The events asked for, oldest first, up to the number `last`, for a spreadsheet program."""
    yield BYTE_ORDER_MARK + csv_line([*CSV_COLUMNS, "before", "after", "hash"])
    for event in _up_to(scope, asked, last):
        detail = event.detail or {}
        who = detail.get("who") or {}
        yield csv_line(
            [
                event.seq,
                chaining.at(event.at),
                event.environment_kind,
                event.action,
                words.sentence(event.action, event.detail),
                words.who(event.detail),
                who.get("email", ""),
                detail.get("from", ""),
                detail.get("about", ""),
                _said(detail.get("old")),
                _said(detail.get("new")),
                bytes(event.hash).hex(),
            ]
        )


def json_lines(scope: Scope, last: int) -> Iterator[str]:
    """The whole chain up to the number `last`, with what it takes to check it by oneself."""
    chain = str(scope.tenant_id)
    start = {"chain": chain, "workspace": scope.workspace_name, "environment": scope.environment}
    yield _json({**start, "first": chaining.first_hash(chain).hex(), "how": HOW})
    for event in _up_to(scope, None, last):
        if event.environment_kind not in {"", scope.environment}:
            yield _json({"seq": event.seq, "hash": bytes(event.hash).hex()})
            continue
        salt = event.salt if event.detail is not None else None
        yield _json(
            {
                "seq": event.seq,
                "at": chaining.at(event.at),
                "action": event.action,
                "environment": event.environment_kind,
                "detail": canonical(event.detail) if salt is not None else None,
                "salt": bytes(salt).hex() if salt is not None else None,
                "digest": bytes(event.digest).hex(),
                "hash": bytes(event.hash).hex(),
            }
        )


def last_number(scope: Scope) -> int:
    """The number of the newest event. Inside the scope."""
    newest = AuditEvent.objects.filter(tenant_id=scope.tenant_id).order_by("-seq").first()
    return newest.seq if newest is not None else 0


def _up_to(scope: Scope, asked: Asked | None, last: int) -> Iterator[AuditEvent]:
    """Some hundred rows a transaction, so that none outlives a slow reader."""
    seq = 0
    while True:
        with scope.transaction():
            rows = (
                asked.narrow(_seen(scope)) if asked else AuditEvent.objects.filter(tenant_id=scope.tenant_id)
            )
            found = list(rows.filter(seq__gt=seq, seq__lte=last).order_by("seq")[:EXPORT_PAGE])
        yield from found
        if len(found) < EXPORT_PAGE:
            return
        seq = found[-1].seq


def _seen(scope: Scope) -> "QuerySet[AuditEvent]":
    own = Q(environment_kind="") | Q(environment_kind=scope.environment)
    return AuditEvent.objects.filter(own, tenant_id=scope.tenant_id)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _json(value: dict[str, Any]) -> str:  # Any: what JSON holds
    return json.dumps(value, ensure_ascii=False) + "\n"


def _said(values: dict[str, Any] | None) -> str:
    return canonical(values) if values else ""


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
