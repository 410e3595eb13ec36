"""The consent ledger: each decision about a person is added before it is carried out, and never changed.

A call that was refused there, or never sent, is followed by an entry that undoes the first, so that the ledger says
what happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from django.db import connection as database

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


# One statement for a page: the newest entry that was carried out, of the contact or of whoever was new at the address.
# Rows of ('entry', position, id, and blanks), to stand beside other rows of names.
LATEST: Final = """
SELECT 'entry', asked.position::text, entry.id::text, '', '', ''
FROM unnest(%(ids)s::text[]::uuid[], %(addresses)s::text[]) WITH ORDINALITY AS asked (contact_id, address, position),
LATERAL (
    SELECT found.id FROM (
        (SELECT one.id, one.at FROM mapping_consententry AS one
            WHERE one.tenant_id = %(tenant)s AND one.connection_id = %(connection)s
                AND one.contact_id = asked.contact_id AND one.outcome = 'sent' AND NOT EXISTS (
                    SELECT FROM mapping_consententry AS undone WHERE undone.tenant_id = %(tenant)s
                        AND undone.connection_id = %(connection)s AND undone.contact_id = asked.contact_id
                        AND undone.undoes = one.id)
            ORDER BY one.at DESC LIMIT 1)
        UNION ALL
        (SELECT one.id, one.at FROM mapping_consententry AS one
            WHERE one.tenant_id = %(tenant)s AND one.connection_id = %(connection)s AND one.contact_id IS NULL
                AND one.email_key = asked.address AND one.outcome = 'sent' AND NOT EXISTS (
                    SELECT FROM mapping_consententry AS undone WHERE undone.tenant_id = %(tenant)s
                        AND undone.connection_id = %(connection)s AND undone.contact_id IS NULL
                        AND undone.email_key = asked.address AND undone.undoes = one.id)
            ORDER BY one.at DESC LIMIT 1)
    ) AS found ORDER BY found.at DESC LIMIT 1
) AS entry
"""


def asked_for(connection: Connection, people: Sequence[tuple[str | None, str]]) -> dict[str, Any]:
    """What LATEST asks for these people, each by id and address."""
    return {  # Any: values of a statement
        "ids": [key for key, _ in people],
        "addresses": [address.lower() for _, address in people],
        "tenant": connection.tenant_id,
        "connection": connection.pk,
    }


def latest(connection: Connection, people: Sequence[tuple[str | None, str]]) -> list[str | None]:
    """The entry that stands behind each of these people, in their order. Inside the connection's scope."""
    found: list[str | None] = [None] * len(people)
    with database.cursor() as cursor:
        cursor.execute(LATEST, asked_for(connection, people))
        for _, position, entry, *_ in cursor.fetchall():
            found[int(position) - 1] = entry
    return found


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
