"""The consent ledger: each decision about a person is added before it is carried out, and never changed.

A call that was refused there is followed by an entry that undoes the first, so that the ledger says what happened.
"""

from dataclasses import dataclass, field, replace
from uuid import UUID

from connections import tenancy
from connections.models import Connection
from mapping.consent import Call, Evidence
from mapping.models import ConsentBasis, ConsentEntry


@dataclass(frozen=True)
class Entry:
    """What was decided for one person; as `ConsentEntry` tells."""

    email: str
    contact_id: str | None
    call: str
    outcome: str
    evidence: Evidence
    decided_by: str
    reason: str = ""
    permission: str = ""
    opt_in_source: str = ""
    basis: dict[str, str] = field(default_factory=dict)


def basis_of(connection: Connection) -> ConsentBasis | None:
    """On what basis this account writes to new people, if one is recorded. Outside or inside its scope."""
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        return ConsentBasis.objects.filter(connection=connection).first()


def add(connection: Connection, entry: Entry, undoes: UUID | None = None) -> UUID:
    """Add an entry, committed when this returns; answers its id. Outside of the scope."""
    shown = entry.evidence
    evidence = {
        "source": shown.source,
        "at": shown.at.isoformat() if shown.at else "",
        "text": shown.text,
    }
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        row = ConsentEntry.objects.create(
            tenant_id=connection.tenant_id,
            environment_id=connection.environment_id,
            connection_id=connection.pk,
            contact_id=entry.contact_id,
            email=entry.email[:320],
            call=entry.call,
            outcome=entry.outcome,
            reason=entry.reason,
            permission=entry.permission,
            opt_in_source=entry.opt_in_source,
            will=shown.will,
            evidence={name: value for name, value in evidence.items() if value},
            basis=entry.basis,
            decided_by=entry.decided_by[:300],
            undoes=undoes,
        )
    return row.pk


def undo(connection: Connection, entry: Entry, entry_id: UUID, reason: str) -> None:
    """Add that the provider refused what an entry had decided: it did not happen."""
    refused = replace(entry, outcome=ConsentEntry.Outcome.REFUSED, reason=reason[:40])
    add(connection, refused, undoes=entry_id)


def was_asked_again(connection: Connection, contact_id: str) -> bool:
    """Whether the one confirmation mail of a contact's life was asked for, and the provider did not refuse."""
    with tenancy.acting_for(connection.tenant_id, connection.environment_id):
        mine = ConsentEntry.objects.filter(connection_id=connection.pk, contact_id=contact_id)
        asked = mine.filter(call=Call.RESUBSCRIBE, undoes=None).values_list("pk", flat=True)
        undone = mine.exclude(undoes=None).values_list("undoes", flat=True)
        return bool(set(asked) - set(undone))


def as_kept(basis: ConsentBasis | None) -> dict[str, str]:
    """A basis as an entry keeps it: the words of then, whatever is changed later."""
    if basis is None:
        return {}
    return {
        "kind": basis.kind,
        "statement": basis.statement,
        "given_by": basis.given_by,
        "given_at": basis.given_at.isoformat(),
    }
