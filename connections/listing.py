"""Finding one linked account among thousands: by a few letters of its name, id, address or customer reference.

The search reads the rows of one environment only: the index that row-level security asks for narrows first, and
what is left (some thousand rows of one workspace) is compared in milliseconds. An index on letters would not
help: LIKE is not leakproof, so PostgreSQL uses none for it under row-level security.
"""

from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet, Value
from django.db.models.functions import Concat, Lower
from django.http import QueryDict

from connections.models import Connection

SHORTEST: Final = 2
LONGEST: Final = 100
MOST_WORDS: Final = 5
# Accounts stand in the order of their names, whatever case these are written in.
KEY: Final = Lower("account_name")
_SEARCHED: Final = ("account_name", "account_id", "account_email", "customer_ref")


@dataclass(frozen=True)
class Search:
    """What was asked for; too short a text finds everything, and says so."""

    text: str

    @classmethod
    def of(cls, given: QueryDict) -> "Search":
        """From the query of a request."""
        return cls(" ".join(given.get("q", "")[:LONGEST].split()))

    @property
    def is_on(self) -> bool:
        """Whether it leaves anything out."""
        return len(self.text) >= SHORTEST

    def narrow(self, rows: "QuerySet[Connection]") -> "QuerySet[Connection]":
        """The accounts that hold every word of the text, in whichever of the searched columns."""
        if not self.is_on:
            return rows
        columns: list[str | Value] = [_SEARCHED[0]]
        for name in _SEARCHED[1:]:
            columns += [Value("\n"), name]
        rows = rows.alias(searched=Concat(*columns))
        for word in self.text.split()[:MOST_WORDS]:
            rows = rows.filter(searched__icontains=word)
        return rows
