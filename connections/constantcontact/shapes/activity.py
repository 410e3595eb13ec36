"""The provider's asynchronous jobs and what they counted."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from connections.constantcontact import reading, signs
from connections.constantcontact.reading import Document, Misshapen

FINISHED_STATES: Final = frozenset({"completed", "cancelled", "failed", "timed_out"})


@dataclass(frozen=True, slots=True)
class Counters:
    """What an activity counted; None where this kind of activity does not count it.

    For an import `items_total` includes the header line, and completed does not mean faultless.
    """

    items_total: int | None = None
    items_completed: int | None = None
    person: int | None = None
    error: int | None = None
    correctable: int | None = None
    cannot_add_to_list: int | None = None
    list: int | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value or {}, "status")
        return cls(**{name: reading.optional_whole(document, f"{name}_count") for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Activity:
    """An asynchronous job of the provider's."""

    activity_id: str
    state: str
    percent_done: int | None
    counters: Counters
    errors: tuple[str, ...] = field(repr=False)
    source_file_name: str | None
    results_href: str | None
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime | None

    @property
    def is_finished(self) -> bool:
        """A state we do not know counts as still running."""
        return self.state in FINISHED_STATES

    @property
    def is_completed(self) -> bool:
        return self.state == "completed"

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "an activity")
        return cls(
            activity_id=reading.text(document, "activity_id"),
            state=reading.text(document, "state").lower(),
            percent_done=reading.optional_whole(document, "percent_done"),
            counters=Counters.parse(document.get("status")),
            errors=_activity_errors(document.get("activity_errors")),
            source_file_name=reading.optional_text(document, "source_file_name"),
            results_href=_results_href(document),
            created_at=reading.moment(document, "created_at"),
            started_at=reading.moment(document, "started_at"),
            completed_at=reading.moment(document, "completed_at"),
            updated_at=reading.moment(document, "updated_at"),
        )


def _activity_errors(value: object) -> tuple[str, ...]:
    entries = reading.elements(value or [], "activity_errors")
    found = [entry.get("message") if isinstance(entry, dict) else entry for entry in entries]
    texts = tuple(signs.fit(entry) for entry in found if isinstance(entry, str))
    if len(texts) < len(found):
        raise Misshapen("activity_errors holds something that is neither a text nor has a message")
    return texts


def _results_href(document: Document) -> str | None:
    links = reading.mapping(document.get("_links") or {}, "_links")
    return reading.optional_text(reading.mapping(links.get("results") or {}, "results"), "href")
