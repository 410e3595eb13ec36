"""Follows `_links.next` lazily, one page at a time, and never off the provider's own path.

A page carries the link to the next one, so that a caller can keep it and go on from there after a restart.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import httpx

from connections.constantcontact import errors, paths, reading

T = TypeVar("T")
# What a program adds to a query, pair by pair.
Extra = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items, the link to the next page, the total where asked for, and the provider's clock at the answer."""

    items: tuple[T, ...]
    next_href: str | None
    total: int | None
    answered_at: datetime | None


def walk(fetch: Callable[[str], Page[T]], first: str) -> Iterator[Page[T]]:
    """Pages from `first` (a path, or a kept `next_href`) to the last, each fetched when asked for."""
    seen: set[str] = set()
    href: str | None = paths.checked_href(first)
    while href is not None:
        if href in seen:
            raise errors.WrongShape(
                "the pages go round in a circle", method="GET", path=href.partition("?")[0]
            )
        seen.add(href)
        page = fetch(href)
        yield page
        href = page.next_href


@dataclass(frozen=True, slots=True)
class Trail:
    """A walk whose links are kept between steps: notices that it goes in a circle, in constant space.

    One link on the way is remembered as a mark, at ever greater distances; whoever meets his mark again goes in
    a circle (Brent's way of finding a cycle). Plain values, to be kept as JSON.
    """

    mark: str = ""
    steps: int = 0
    limit: int = 1

    def after(self, href: str) -> "Trail":
        """The trail one link further; WrongShape when this link was met before."""
        here = hashlib.sha256(href.encode()).hexdigest()[:16]
        if here == self.mark:
            raise errors.WrongShape(
                "the pages go round in a circle", method="GET", path=href.partition("?")[0]
            )
        if self.steps + 1 == self.limit:
            return Trail(here, 0, self.limit * 2)
        return Trail(self.mark, self.steps + 1, self.limit)


def read_page(
    response: httpx.Response, key: str, parse: Callable[[object], T], *, total_key: str | None = None
) -> Page[T]:
    """One page of the collection `key`; a link that leaves /v3/ makes the page a WrongShape."""

    def parse_page(value: object) -> Page[T]:
        document = reading.mapping(value, "the page")
        return Page(
            items=tuple(map(parse, reading.array(document, key))),
            next_href=next_href(document),
            total=reading.optional_whole(document, total_key) if total_key else None,
            answered_at=reading.answered_at(response),
        )

    return reading.read(response, parse_page)


def next_href(document: reading.Document) -> str | None:
    """The next page's link; absent or null at any depth means the end."""
    links = reading.mapping(document.get("_links") or {}, "_links")
    link = reading.mapping(links.get("next") or {}, "next")
    href = link.get("href")
    if href is None:
        return None
    try:
        return paths.checked_href(href)
    except paths.UnsafePath as fault:
        raise reading.Misshapen(f"next.href was not followed: {fault}") from None


def href(path: str, **params: object) -> str:
    """A path with those parameters that have a value; sequences joined by commas, as the provider wants."""
    given = {name: _text(value) for name, value in params.items() if value is not None and value != ()}
    return f"{path}?{httpx.QueryParams(given)}" if given else path


def with_query(href: str, extra: Extra) -> str:
    """The path with these parameters besides, or in place of its own of the same name."""
    if not extra:
        return href
    path, _, query = href.partition("?")
    names = {name for name, _ in extra}
    own = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in names]
    return f"{path}?{urlencode([*own, *extra], quote_via=quote)}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list | set | frozenset):
        return ",".join(map(str, value))
    return str(value)
