"""A row of a bulk write as a wish about one contact, in the terms of single writes. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from connections.constantcontact.shapes import Contact, writing
from connections.constantcontact.shapes.writing import PhoneSent, StreetSent, ValueSent
from mapping.unified.writing import Change, Wish

_CORE: Final = (
    *("first_name", "last_name", "job_title", "company_name", "anniversary"),
    *("birthday_month", "birthday_day"),
)
_PARTS: Final = {
    "street": "street",
    "city": "city",
    "state": "state",
    "zip": "postal_code",
    "country": "country",
}


@dataclass(frozen=True)
class Field:
    """A custom field: its id, and the ids of its choices by label where it has some."""

    custom_field_id: str
    choices: Mapping[str, str]

    def sent(self, value: str) -> ValueSent:
        """A value as a contact takes it."""
        if not self.choices:
            return {"custom_field_id": self.custom_field_id, "value": value}
        labels = [part.strip() for part in value.split(";")]
        chosen = [self.choices[label] for label in labels if label in self.choices]
        return {"custom_field_id": self.custom_field_id, "choice_ids": chosen}


@dataclass(frozen=True)
class Wanted:
    """What a row wants: values by import column, lists and tags by id; `only_blanks`: no value over another."""

    email: str
    values: Mapping[str, str]
    lists: Change
    tags: Change
    only_blanks: bool = False

    def wish(self, fields: Mapping[str, Field], there: Contact | None) -> Wish:
        """In the terms of single writes; what no value names of phones and addresses stays.

        Args:
            fields: the account's custom fields by import column.
            there: the contact as read, None for somebody new.
        """
        body: Mapping[str, Any] = writing.whole(there) if there is not None else {}  # Any: as it is there
        has = {one["custom_field_id"] for one in body.get("custom_fields", ())}
        core: dict[str, Any] = {}  # Any: the birthday's parts are numbers
        custom: dict[str, ValueSent | None] = {}
        phones, streets = list[dict[str, str]](), list[dict[str, str]]()
        for column, value in self.values.items():
            if column in _CORE:
                if not (self.only_blanks and body.get(column)):
                    core[column] = int(value) if column.startswith("birthday") else value
            elif column in fields:
                if not (self.only_blanks and fields[column].custom_field_id in has):
                    custom[fields[column].custom_field_id] = fields[column].sent(value)
            elif column.endswith("phone"):
                kind = "other" if column == "phone" else column.removesuffix("_phone")
                phones.append({"kind": kind, "phone_number": value})
            else:
                before, _, part = column.rpartition("_")
                streets.append({"kind": before or "home", _PARTS[part]: value})
        return Wish(
            email=self.email if there is None else None,
            core=core,
            phones=cast(tuple[PhoneSent, ...] | None, self._among(body.get("phone_numbers", ()), phones)),
            addresses=cast(
                tuple[StreetSent, ...] | None, self._among(body.get("street_addresses", ()), streets)
            ),
            lists=self.lists,
            tags=self.tags,
            fields=custom,
        )

    def _among(
        self, there: Iterable[Mapping[str, str]], given: Sequence[Mapping[str, str]]
    ) -> tuple[dict[str, str], ...] | None:
        """Each into the part of the same kind, which keeps what is not given, or behind the others; None: no wish."""
        if not given:
            return None
        parts = [dict(part) for part in there]
        for one in given:
            same = next((part for part in parts if part["kind"] == one["kind"]), None)
            if same is None:
                parts.append(dict(one))
            else:
                same.update({**one, **same} if self.only_blanks else one)
        return tuple(parts)
