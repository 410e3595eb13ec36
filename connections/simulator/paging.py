"""Pages and opaque cursors: base64 of the query and a position, as the provider's own are."""

import base64
import binascii
from urllib.parse import parse_qsl, urlencode

from . import errors
from .messages import Json


def cursor_for(parameters: dict[str, str], position: int) -> str:
    """A cursor that carries the whole query and where it goes on."""
    text = urlencode({**parameters, "next": str(position)})
    return base64.b64encode(text.encode()).decode()


def read_cursor(cursor: str) -> tuple[dict[str, str], int]:
    """The query and position in a cursor; a refusal for anything that we did not make."""
    try:
        text = base64.b64decode(cursor.replace(" ", "+"), validate=True).decode()
        parameters = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
        position = int(parameters.pop("next"))
    except (binascii.Error, ValueError, KeyError):
        raise errors.invalid("cursor is invalid") from None
    if not 0 <= position < 2**53:
        raise errors.invalid("cursor is invalid")
    return parameters, position


def limit_of(parameters: dict[str, str], *, most: int, default: int = 50) -> int:
    """The page size asked for, within the published bounds."""
    text = parameters.get("limit", "")
    if text == "":
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise errors.invalid(f"limit must be between 1 and {most}")
    return int(text)


def links(path: str, parameters: dict[str, str], position: int | None, last_page: str) -> Json:
    """The `_links` part of a page: a path with a cursor, or what the last page has instead."""
    if position is not None:
        href = f"/v3{path}?" + urlencode({"cursor": cursor_for(parameters, position)})
        return {"_links": {"next": {"href": href}}}
    return {"_links": {"next": None}} if last_page == "null" else {}
