"""What contacts are sorted by: lists, tags, segments and custom fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from connections.constantcontact import reading, signs
from connections.constantcontact.reading import Document, Misshapen


@dataclass(frozen=True, slots=True)
class ContactList:
    """A contact list; `membership_count` only when it was asked for."""

    list_id: str
    name: str
    description: str | None
    favorite: bool
    created_at: datetime | None
    updated_at: datetime | None
    deleted_at: datetime | None
    membership_count: int | None
    document: Document = field(repr=False, compare=False)

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "a list")
        return cls(
            list_id=reading.text(document, "list_id"),
            name=reading.text(document, "name"),
            description=reading.optional_text(document, "description"),
            favorite=reading.flag(document, "favorite"),
            created_at=reading.moment(document, "created_at"),
            updated_at=reading.moment(document, "updated_at"),
            deleted_at=reading.moment(document, "deleted_at"),
            membership_count=reading.optional_whole(document, "membership_count"),
            document=document,
        )


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag; `contacts_count` only when it was asked for."""

    tag_id: str
    name: str
    tag_source: str | None
    created_at: datetime | None
    updated_at: datetime | None
    contacts_count: int | None
    document: Document = field(repr=False, compare=False)

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "a tag")
        return cls(
            tag_id=reading.text(document, "tag_id"),
            name=reading.text(document, "name"),
            tag_source=reading.optional_text(document, "tag_source"),
            created_at=reading.moment(document, "created_at"),
            updated_at=reading.moment(document, "updated_at"),
            contacts_count=reading.optional_whole(document, "contacts_count"),
            document=document,
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """A saved search; its criteria, JSON within a text, come with the single segment only."""

    segment_id: int
    name: str
    criteria: str | None
    created_at: datetime | None
    edited_at: datetime | None

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "a segment")
        return cls(
            segment_id=reading.whole(document, "segment_id"),
            name=reading.text(document, "name"),
            criteria=reading.optional_text(document, "segment_criteria"),
            created_at=reading.moment(document, "created_at"),
            edited_at=reading.moment(document, "edited_at"),
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a select field; its id is a number in some answers and a text in others."""

    choice_id: str
    label: str
    display_order: int | None

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "a choice")
        choice_id = document.get("choice_id")
        if isinstance(choice_id, bool) or not isinstance(choice_id, int | str) or choice_id == "":
            raise Misshapen("choice_id is missing")
        return cls(
            signs.fit(str(choice_id)),
            reading.text(document, "choice_label"),
            reading.optional_whole(document, "display_order"),
        )


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field; an import's `cf:` column uses the provider's `name`: read it, never compute it."""

    custom_field_id: str
    label: str
    name: str
    type: str
    version: int | None
    metadata: Mapping[str, Any]  # Any: differs by type, passed on as it came
    choices: tuple[Choice, ...]
    created_at: datetime | None
    updated_at: datetime | None
    document: Document = field(repr=False, compare=False)

    @classmethod
    def parse(cls, value: object) -> Self:
        document = reading.mapping(value, "a custom field")
        return cls(
            custom_field_id=reading.text(document, "custom_field_id"),
            label=reading.text(document, "label"),
            name=reading.text(document, "name"),
            type=reading.text(document, "type"),
            version=reading.optional_whole(document, "version"),
            metadata=reading.mapping(document.get("metadata") or {}, "metadata"),
            choices=tuple(map(Choice.parse, reading.elements(document.get("choices") or [], "choices"))),
            created_at=reading.moment(document, "created_at"),
            updated_at=reading.moment(document, "updated_at"),
            document=document,
        )
