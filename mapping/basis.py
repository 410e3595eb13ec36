"""On what basis an account may write to new people: recorded by somebody who may decide it, with name and date."""

from datetime import UTC, datetime

from django.http import HttpRequest

from connections import audit
from connections.models import Connection
from connections.scoping import Scope
from mapping.models import ConsentBasis


def of(connection: Connection) -> ConsentBasis | None:
    """What is recorded. Inside the scope."""
    return ConsentBasis.objects.filter(connection=connection).first()


def record(
    scope: Scope, connection: Connection, kind: str, statement: str, request: HttpRequest | None = None
) -> ConsentBasis:
    """Record it, in place of an earlier one; entries of the ledger keep the one of their time. Inside the scope.

    Args:
        kind: one of `ConsentBasis.Kind`.
        statement: in the account's own words, 1 to 500 characters.
    """
    before = of(connection)
    given = {"kind": kind, "statement": statement, "given_by": scope.actor}
    row, _ = ConsentBasis.objects.update_or_create(
        tenant_id=scope.tenant_id,
        environment_id=scope.environment_id,
        connection=connection,
        defaults={**given, "given_at": datetime.now(UTC)},
    )
    audit.record(
        "basis_recorded",
        request=request,
        user=scope.user,
        tenant_id=scope.tenant_id,
        environment=scope.environment,
        about=str(connection),
        old={"kind": before.kind, "statement": before.statement} if before else None,
        new=given,
    )
    return row
