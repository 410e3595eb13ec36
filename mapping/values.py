"""Values as the provider takes them: cleaned or refused, never changed in meaning. Pure."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from email_validator import EmailNotValidError, validate_email

from mapping.fields import Place


class BadValue(Exception):
    """A value that the field does not take: `reason` is a stable word, the text says it to people."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PLAIN = re.compile(
    r"([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+)([a-z]{2,20})"
)
# Names that lead nowhere by their standard; the library says so.
_SPECIAL_NAMES = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test", "example"})
# The shortest that is dialled anywhere.
_LEAST_DIGITS: Final = 3
_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_US = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})")
_YES: Final = frozenset({"true", "yes", "y", "1"})
_NO: Final = frozenset({"false", "no", "n", "0"})


def email(text: str, place: Place) -> str:
    """An address as it is sent; its form is checked, not whether anyone reads there."""
    if len(text) > place.longest:
        raise BadValue(
            "email_too_long", f"the address has {len(text)} characters; the most is {place.longest}"
        )
    if is_plain_address(text):
        return text
    try:
        # Names such as .test are fit for a test environment, and cost nothing elsewhere.
        found = validate_email(
            text, check_deliverability=False, test_environment=True, allow_quoted_local=False
        )
    except EmailNotValidError:
        raise BadValue("invalid_email", f"“{_shown(text)}” is not an e-mail address") from None
    return str(found.ascii_email or found.normalized)


def is_plain_address(text: str) -> bool:
    """Whether an address is of the form that nearly all have, of which the library has nothing to say or to change.

    The library takes longer over an address than everything else takes over its row.
    """
    found = _PLAIN.fullmatch(text)
    return (
        found is not None and len(found[1]) <= 64 and "--" not in found[2] and found[3] not in _SPECIAL_NAMES
    )


def email_key(address: str) -> str:
    """The one spelling in which addresses are compared."""
    return address.strip().casefold()


def text(value: str, place: Place) -> str:
    """Text within the field's length."""
    if len(value) > place.longest:
        raise BadValue("too_long", f"{place.label} has {len(value)} characters; the most is {place.longest}")
    return value


def phone(value: str, place: Place) -> str:
    """A phone number, as it was written: the provider takes any text, so only what can be none is refused."""
    digits = sum(character.isdecimal() for character in value)
    if digits < _LEAST_DIGITS or not set(value).isdisjoint("\t\n\r"):
        raise BadValue("not_a_phone", f"{place.label}: “{_shown(value)}” is not a phone number")
    return text(value, place)


def day_of(value: str, place: Place) -> str:
    """A date as YYYY-MM-DD. Year first, or month/day/year as the provider reads it."""
    found = _ISO.fullmatch(value)
    parts = [int(part) for part in found.groups()] if found else []
    if not parts and (found := _US.fullmatch(value)):
        month, day, year = (int(part) for part in found.groups())
        parts = [year, month, day]
    try:
        return date(*parts).isoformat()
    except (TypeError, ValueError):
        raise BadValue(
            "not_a_date", f"{place.label}: “{_shown(value)}” is not a date such as 2026-11-23 or 11/23/2026"
        ) from None


def number(value: str, place: Place) -> str:
    """A number, without grouping."""
    plain = value.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", value) else value
    try:
        found = Decimal(plain)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or not re.fullmatch(r"[+-]?\d*\.?\d+", plain):
        raise BadValue("not_a_number", f"{place.label}: “{_shown(value)}” is not a number")
    return text(plain, place)


def amount(value: str, place: Place) -> str:
    """Money: a number, with or without its sign in front."""
    return number(value.lstrip("$€£ "), place)


def yes_or_no(value: str, place: Place) -> str:
    """`true` or `false`."""
    word = value.casefold()
    if word in _YES:
        return "true"
    if word in _NO:
        return "false"
    raise BadValue("not_yes_or_no", f"{place.label}: “{_shown(value)}” is neither yes nor no")


def choice(value: str, place: Place) -> str:
    """One of the field's choices, in its own spelling."""
    for label in place.choices:
        if label.casefold() == value.casefold():
            return label
    raise BadValue("not_a_choice", f"{place.label}: “{_shown(value)}” is not one of its choices")


def choices(value: str, place: Place) -> str:
    """Some of the field's choices, separated by a semicolon or a comma."""
    return "; ".join(choice(part.strip(), place) for part in re.split(r"[;,]", value) if part.strip())


def _whole(low: int, high: int) -> Callable[[str, Place], str]:
    def read(value: str, place: Place) -> str:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise BadValue(
                "bad_birthday", f"{place.label}: “{_shown(value)}” is not a number from {low} to {high}"
            )
        return str(int(value))

    return read


READERS: Final[dict[str, Callable[[str, Place], str]]] = {
    "email": email,
    "text": text,
    "phone": phone,
    "date": day_of,
    "datetime": text,
    "month": _whole(1, 12),
    "day": _whole(1, 31),
    "string": text,
    "text_area": text,
    "number": number,
    "currency": amount,
    "boolean": yes_or_no,
    "single_select": choice,
    "multi_select": choices,
}


@lru_cache(maxsize=64)
def reader(kind: str) -> Callable[[str, Place], str]:
    """What reads values of this kind; an unknown type of field takes text."""
    return READERS.get(kind, text)


def clean(value: str, place: Place) -> str:
    """One value for one field, trimmed; blank stays blank and is not sent.

    Raises:
        BadValue: with the reason, naming the field.
    """
    trimmed = value.strip()
    if not trimmed:
        return ""
    if _CONTROL.search(trimmed):
        raise BadValue("control_character", f"{place.label} contains a character that cannot be shown")
    return reader(place.kind)(trimmed, place)


def _shown(value: str) -> str:
    return value if len(value) <= 40 else value[:39] + "…"
