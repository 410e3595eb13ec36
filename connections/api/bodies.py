"""JSON bodies as they are read: what could be kept or sent by nobody is refused at the door, with its place."""

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from django.http import HttpRequest
from ninja.parser import Parser

from connections.api.contract import refused

_MOST_NAMED: Final = 10


class Bodies(Parser):
    """The one parser of the API."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body's JSON.

        Raises:
            Fault: no object, a text with a NUL or half a surrogate pair, or a number that JSON does not have.
            ValueError: it is no JSON.
        """
        body = super().parse_body(request)
        if not isinstance(body, dict):  # else it would count as an object whose every field is left out
            raise refused(("body", "a JSON object"))
        try:
            found = list(islice(_faults(body, ""), _MOST_NAMED))
        except RecursionError:
            found = [("body", "nested less deeply")]
        if found:
            raise refused(*found)
        return body


def _faults(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            yield place, "a text without the character NUL and without halves of characters"
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield place, "a number that JSON has"
    elif isinstance(value, dict):
        for name, part in value.items():
            if any(_faults(name, "")):
                yield place, "names without the character NUL and without halves of characters"
            else:
                yield from _faults(part, f"{place}.{name}"[:200] if place else name[:200])
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _faults(part, f"{place}.{number}" if place else str(number))
