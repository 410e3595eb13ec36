"""Cursors that programs pass back unread: each holds the provider's own link to a further page.

A link is only followed where it leads: below the path of the collection that is asked for.
"""

import base64
import binascii

from connections.constantcontact import paths


class BadCursor(ValueError):
    """No cursor of ours, or another collection's."""


def pack(text: str) -> str:
    """A cursor that holds this text, for programs to pass back."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpack(cursor: str) -> str:
    """The text that a cursor holds; whether it is one that we have written is the caller's to see.

    Raises:
        BadCursor: it holds no text.
    """
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadCursor from None


def write(href: str | None) -> str | None:
    """A cursor for a link; None stays None."""
    return None if href is None else pack(href)


def read(cursor: str, path: str) -> str:
    """The query of the link behind a cursor, which must be one of this path's.

    Raises:
        BadCursor: it is none of ours, or another collection's.
    """
    href = unpack(cursor)
    try:
        where, _, query = paths.checked_href(href).partition("?")
    except paths.UnsafePath:
        raise BadCursor from None
    if where != path or not query:
        raise BadCursor
    return query


def links(document: object) -> tuple[str | None, str | None]:
    """The links to the next and the previous page in an answer; what leaves /v3/ counts as none."""
    found = document.get("_links") if isinstance(document, dict) else None
    return _link(found, "next"), _link(found, "prev")


def _link(links: object, name: str) -> str | None:
    link = links.get(name) if isinstance(links, dict) else None
    href = link.get("href") if isinstance(link, dict) else link
    try:
        return paths.checked_href(href)
    except paths.UnsafePath:
        return None
