"""Cursors that programs pass back unread: each holds the provider's own link to a further page.

A link is only followed where it leads: below the path of the collection that is asked for.
"""

import base64
import binascii

from connections.constantcontact import paths


class BadCursor(ValueError):
    """No cursor of ours, or another collection's."""


def write(href: str | None) -> str | None:
    """A cursor for a link; None stays None."""
    if href is None:
        return None
    return base64.urlsafe_b64encode(href.encode()).decode().rstrip("=")


def read(cursor: str, path: str) -> str:
    """The query of the link behind a cursor, which must be one of this path's.

    Raises:
        BadCursor: it is none of ours, or another collection's.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        href = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        where, _, query = paths.checked_href(href).partition("?")
    except (binascii.Error, ValueError):
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
