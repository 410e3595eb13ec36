"""Pages of a long list by its key, not by counting: as quick on the last page as on the first.

A page is named by the row before or behind it (`after`, `before`: ids, so that no address holds a name), never by
a number; rows that come or go meanwhile shift nothing. A row that is gone, or nonsense, begins at the first page.
"""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from django.db.models import F, Model, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.http import QueryDict

SIZE: Final = 50
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows shown, and the queries of the pages beside them ("" where there is none)."""

    rows: list[Row]
    previous: str = ""
    next: str = ""


def page(
    rows: "QuerySet[Row]",
    key: str | Combinable,
    given: QueryDict,
    *,
    descending: bool = False,
    size: int = SIZE,
) -> "Page[Row]":
    """One page of `rows` in the order of `key`, then id.

    Args:
        rows: what is listed, filtered already; its own order does not count.
        key: a column or an expression over the row.
        given: the request's query, whose other words the links keep.
        descending: the highest key first.
        size: rows on a page.
    """
    expression = F(key) if isinstance(key, str) else key
    before, after = _id(given.get("before", "")), _id(given.get("after", ""))
    backwards = before is not None
    anchor = before or after
    found = rows.alias(page_key=expression)
    upwards = descending == backwards
    if anchor is not None:
        at = Subquery(rows.model._default_manager.filter(pk=anchor).values_list(expression)[:1])
        sign = "gt" if upwards else "lt"
        found = found.filter(Q(**{f"page_key__{sign}": at}) | Q(page_key=at) & Q(**{f"pk__{sign}": anchor}))
    order = ("page_key", "pk") if upwards else ("-page_key", "-pk")
    shown = list(found.order_by(*order)[: size + 1])
    if anchor is not None and not shown:
        return page(rows, key, _without_place(given), descending=descending, size=size)
    more, shown = len(shown) > size, shown[:size]
    if backwards:
        shown.reverse()
    has_previous = more if backwards else anchor is not None
    has_next = backwards or more
    return Page(
        shown,
        _query(given, "before", shown[0]) if has_previous and shown else "",
        _query(given, "after", shown[-1]) if has_next and shown else "",
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _without_place(given: QueryDict) -> QueryDict:
    kept = given.copy()
    for name in ("after", "before"):
        kept.pop(name, None)
    return kept


def _query(given: QueryDict, name: str, row: Model) -> str:
    kept = _without_place(given)
    kept[name] = str(row.pk)
    return kept.urlencode()
