"""What is connected already, for the page before somebody connects more."""

from dataclasses import dataclass
from typing import Final

from connections.models import Connection
from connections.scoping import Scope

NAMED: Final = 3


@dataclass(frozen=True)
class Connected:
    """The accounts that were connected last, and how many there are besides; false where there is none."""

    accounts: tuple[Connection, ...] = ()
    more: int = 0

    def __bool__(self) -> bool:
        return bool(self.accounts)


def connected(scope: Scope, customer_ref: str | None = None) -> Connected:
    """Accounts that work, of the environment or of one customer; a customer without a reference has none."""
    if customer_ref == "":
        return Connected()
    with scope.transaction():
        works = {"status": Connection.Status.ACTIVE, "provider_app__partner_api_key": ""}
        rows = Connection.objects.filter(**works).order_by("-linked_at", "id")
        if customer_ref is not None:
            rows = rows.filter(customer_ref=customer_ref)
        found = tuple(rows[:NAMED])
        more = rows.count() - NAMED if len(found) == NAMED else 0
    return Connected(found, more)
