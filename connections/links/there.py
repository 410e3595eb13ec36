"""What is connected already, for the page before somebody connects more."""

from dataclasses import dataclass

from connections.models import Connection
from connections.scoping import Scope


@dataclass(frozen=True)
class Connected:
    """How many accounts work already, and the one that was connected last."""

    count: int
    last: Connection


def connected(scope: Scope, customer_ref: str | None = None) -> Connected | None:
    """Accounts that work, of the environment or of one customer; nobody without a reference has any."""
    if customer_ref == "":
        return None
    works = {"status": Connection.Status.ACTIVE, "provider_app__is_partner_key": False}
    with scope.transaction():
        rows = Connection.objects.filter(**works).order_by("-linked_at", "id")
        if customer_ref is not None:
            rows = rows.filter(customer_ref=customer_ref)
        last = rows.first()
        return Connected(rows.count(), last) if last is not None else None
