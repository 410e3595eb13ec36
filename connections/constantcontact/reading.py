"""Reads an answer: the expected shape, or a named error; never a part of it.

`read` is the one way from a response to a shape. The small readers below it say what a field must be: a
missing or ill-typed essential field makes the whole answer a WrongShape, unknown fields are ignored. Texts are such as
can be kept and shown (`signs`).
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn, TypeVar

import httpx

from connections.constantcontact import errors, meanings, redaction, signs

T = TypeVar("T")
Document = Mapping[str, Any]  # Any: this is JSON before it has been judged

_PARSED: Final = "patchbay.document"


class Misshapen(ValueError):
    """A field is not what it must be; names the field, never its value."""


def read(response: httpx.Response, parse: Callable[[object], T]) -> T:
    """What a successful answer says, parsed; every other answer raises its error."""
    if not response.is_success:
        raise meanings.from_response(response)
    try:
        return parse(parsed(response))
    except Misshapen as fault:
        raise wrong_shape(response, str(fault)) from None


def accept(response: httpx.Response) -> None:
    """Takes a success whose body says nothing, empty or JSON; every other answer raises its error."""
    if not response.is_success:
        raise meanings.from_response(response)
    if response.content:
        read(response, lambda value: value)


def wrong_shape(response: httpx.Response, message: str) -> errors.WrongShape:
    """The error for an answer that is not what the call answers."""
    request = response.request
    return errors.WrongShape(
        message,
        status=response.status_code,
        method=request.method,
        path=redaction.path_of(request.url),
    )


def parsed(response: httpx.Response) -> object:
    """The answer's JSON, parsed once and kept with the response; Misshapen when it is cut or garbled."""
    if _PARSED not in response.extensions:
        try:
            response.extensions[_PARSED] = json.loads(response.content, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise Misshapen("the body is not whole JSON") from None
    return response.extensions[_PARSED]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def answered_at(response: httpx.Response) -> datetime | None:
    """The provider's clock: what moves watermarks and matches an activity to the call that made it."""
    try:
        moment = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def mapping(value: object, name: str) -> Document:
    """A JSON object."""
    if not isinstance(value, dict):
        raise Misshapen(f"{name} is not an object")
    return value


def array(document: Document, key: str) -> list[Any]:
    """A JSON array that must be there."""
    return elements(document.get(key), key)


def elements(value: object, name: str) -> list[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise Misshapen(f"{name} is not an array")
    return value


def text(document: Document, key: str) -> str:
    """A text that must be there and not be empty."""
    value = optional_text(document, key)
    if not value:
        raise Misshapen(f"{key} is missing or empty")
    return value


def optional_text(document: Document, key: str) -> str | None:
    """A text, or nothing."""
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise Misshapen(f"{key} is not a text")
    return None if value is None else signs.fit(value)


def whole(document: Document, key: str) -> int:
    """A whole number that must be there."""
    value = optional_whole(document, key)
    if value is None:
        raise Misshapen(f"{key} is missing")
    return value


def optional_whole(document: Document, key: str) -> int | None:
    """A whole number, or nothing; 12.0 counts as 12."""
    value = document.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misshapen(f"{key} is not a number")
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        raise Misshapen(f"{key} is not a whole number")
    return int(value)


def flag(document: Document, key: str) -> bool:
    """True, or false; absent means false."""
    value = document.get(key)
    if value is not None and not isinstance(value, bool):
        raise Misshapen(f"{key} is not true or false")
    return bool(value)


def texts(document: Document, key: str) -> tuple[str, ...] | None:
    """Texts of an array; None when the array was not sent at all."""
    if document.get(key) is None:
        return None
    values = array(document, key)
    if not all(isinstance(value, str) for value in values):
        raise Misshapen(f"{key} holds something that is not a text")
    return tuple(map(signs.fit, values))


def moment(document: Document, key: str) -> datetime | None:
    """A time in UTC, whichever of the provider's forms it has; a bare date is its midnight."""
    value = optional_text(document, key)
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Misshapen(f"{key} is not a time") from None


def day(document: Document, key: str) -> date | None:
    """A date; of a time, its day in UTC."""
    found = moment(document, key)
    return found.date() if found else None
