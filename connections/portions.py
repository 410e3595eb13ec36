"""What is let go of goes some thousand rows a statement, so that nobody waits long for their locks."""

from collections.abc import Callable
from typing import Any, Final

from django.db.models import QuerySet

AT_ONCE: Final = 5_000


def drop(some: Callable[[int], int], most: int = AT_ONCE) -> int:
    """Let `some` drop up to `most` rows, as often as it finds so many; answers how many in all.

    Outside every transaction: each portion is kept for itself, and what is left goes the next time.
    """
    total = 0
    while True:
        gone = some(most)
        total += gone
        if gone < most:
            return total


def delete(rows: QuerySet[Any], most: int = AT_ONCE) -> int:  # Any: rows of any model
    """Delete the rows of a query, which are asked again as they go: one that changed meanwhile may stay."""

    def some(most: int) -> int:
        _, gone = rows.order_by().filter(pk__in=rows.values("pk")[:most]).delete()
        return gone.get(rows.model._meta.label, 0)

    return drop(some, most)
