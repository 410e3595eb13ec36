"""Which values a custom field takes, and how they are stored: text, or the numbers of choices."""

import re
from decimal import Decimal, InvalidOperation

from .clock import parse_time, show_date
from .messages import Json
from .records import CustomField

SELECTS = ("single_select", "multi_select")


def read_value(item: CustomField, value: str, *, checked: bool) -> Json | None:
    """The stored form of a value given as text, or None when the type refuses it.

    A select takes the label of a choice, several separated by semicolons.
    """
    if item.type in SELECTS:
        return _choices_by_label(item, value)
    if checked and not _fits(item, value.strip()):
        return None
    if checked and item.type == "date" and item.version == 2:
        moment = parse_day(value.strip())
        value = value if moment is None else moment
    return {"custom_field_id": item.field_id, "value": value}


def _choices_by_label(item: CustomField, value: str) -> Json | None:
    by_label = {choice["choice_label"].lower(): choice["choice_id"] for choice in item.choices}
    labels = [part.strip().lower() for part in value.split(";") if part.strip()]
    if item.type == "single_select" and value.strip().lower() in by_label:
        labels = [value.strip().lower()]
    if not labels or any(label not in by_label for label in labels):
        return None
    if item.type == "single_select" and len(labels) > 1:
        return None
    return {"custom_field_id": item.field_id, "choices": [by_label[label] for label in dict.fromkeys(labels)]}


def read_choices(item: CustomField, choice_ids: list[str]) -> Json | None:
    """The stored form of choice ids, or None when one is unknown or there are too many."""
    known = {choice["choice_id"] for choice in item.choices}
    numbers = [
        int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1 for text in choice_ids
    ]
    if item.type not in SELECTS or any(number not in known for number in numbers):
        return None
    if item.type == "single_select" and len(set(numbers)) > 1:
        return None
    return {"custom_field_id": item.field_id, "choices": list(dict.fromkeys(numbers))}


def _fits(item: CustomField, value: str) -> bool:
    if item.type in ("number", "currency"):
        try:
            number = Decimal(value)
        except InvalidOperation:
            return False
        return number.is_finite() and (number >= 0 or bool(item.metadata.get("allow_negative")))
    if item.type == "boolean":
        return value.lower() in ("true", "false")
    if item.type == "datetime":
        return parse_time(value) is not None
    if item.type == "date" and item.version == 2:
        return parse_day(value) is not None
    return True


_DAY_FORMS = (
    (re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})"), (3, 1, 2)),
    (re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})"), (1, 2, 3)),
)


def parse_day(text: str) -> str | None:
    """A date in any of the accepted forms as YYYY-MM-DD, or None."""
    for pattern, order in _DAY_FORMS:
        match = pattern.fullmatch(text)
        if match:
            year, month, day = (int(match.group(part)) for part in order)
            moment = parse_time(f"{year:04}-{month:02}-{day:02}")
            return None if moment is None else show_date(moment)
    return None
