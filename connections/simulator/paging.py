"""Pages and opaque cursors: base64 of the query and a position, as the provider's own are."""

import base64
import binascii
from urllib.parse import parse_qsl, urlencode

from . import errors
from .clock import SECOND
from .messages import Json

# Where the time of a walk's beginning stands in a query; a caller who names it is not heard.
SINCE = "+since"


def cursor_for(parameters: dict[str, str], position: int) -> str:
    """A cursor that carries the whole query and where it goes on."""
    text = urlencode({**parameters, "next": str(position)})
    return base64.b64encode(text.encode()).decode()


def query_text(parameters: dict[str, str]) -> str:
    """Parameters as they stand in a link."""
    return urlencode(parameters)


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


def aged(found: dict[str, str], known: tuple[str, ...], now: int, life: int) -> dict[str, str]:
    """The query, where cursors live so many seconds: with the time at which the walk began, for its cursors to carry.

    0 is for ever. A cursor older than that is refused.
    """
    found.pop(SINCE, None)
    if not life or "cursor" not in known:
        return found
    if "cursor" not in found:
        return {**found, SINCE: str(now)}
    since = read_cursor(found["cursor"])[0].get(SINCE, str(now))
    if not (since.isascii() and since.isdigit() and now - int(since[:15]) <= life * SECOND):
        raise errors.invalid("cursor is invalid")
    return found


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
