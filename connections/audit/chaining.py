"""Whether the audit still is what was written: every digest and hash computed again, from the first event on.

    digest = sha256(salt + canonical JSON of the detail)
    hash   = sha256(previous hash, number, time, action, environment, digest: hexadecimal and text, one a line)

The first previous hash is that of the chain's name. Promises: keyset pages and constant memory however long a chain
is; reading only, as the operators' role; the first fault of a chain is named with its number and what it means.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db import connections as databases
from django.db.models import Q

from connections import tenancy
from connections.audit.masking import canonical
from connections.models import AuditEvent, AuditHead, Tenant

OPERATOR: Final = "operator"
PAGE: Final = 2_000
DEPLOYMENT: Final = "deployment"
TABLES: Final = ("connections_auditevent", "connections_audithead")
COLUMNS: Final = (
    "id",
    "seq",
    "at",
    "action",
    "environment_kind",
    "detail",
    "salt",
    "digest",
    "hash",
    "dropped_at",
)


class Broken(Exception):
    """The first fault of a chain, in words."""


@dataclass
class Report:
    """One chain, walked to its end or to its first fault."""

    chain: str
    name: str
    events: int = 0
    dropped: int = 0
    fault: str = ""
    head: str = ""
    noted: set[str] = field(default_factory=set)


def first_hash(chain: str) -> bytes:
    """What the first event of a chain follows: its name, so that a chain cannot pass for another's."""
    return hashlib.sha256(f"patchbay audit {chain}".encode()).digest()


def digest_of(salt: bytes, detail: object) -> bytes:
    """What stands for the personal part."""
    return hashlib.sha256(salt + canonical(detail).encode()).digest()


def hash_of(before: bytes, event: AuditEvent) -> bytes:
    """What the next event follows."""
    lines = [
        before.hex(),
        str(event.seq),
        at(event.at),
        event.action,
        event.environment_kind,
        bytes(event.digest).hex(),
    ]
    return hashlib.sha256("\n".join(lines).encode()).digest()


def chains(only: str = "") -> Iterator[Report]:
    """Every chain of which there is a head or an event, the deployment's first."""
    heads = AuditHead.objects.using(OPERATOR).order_by("tenant_id").values_list("tenant_id", flat=True)
    events = AuditEvent.objects.using(OPERATOR).order_by("tenant_id").values_list("tenant_id", flat=True)
    found = {str(one or DEPLOYMENT) for one in heads.union(events)}
    if only:
        found &= {only}
    names = {
        str(pk): name
        for pk, name in Tenant.objects.using(OPERATOR)
        .filter(pk__in=[UUID(one) for one in found if one != DEPLOYMENT])
        .values_list("pk", "name")
    }
    for chain in sorted(found, key=lambda one: (one != DEPLOYMENT, names.get(one, ""), one)):
        name = "The deployment" if chain == DEPLOYMENT else names.get(chain, f"Former workspace {chain}")
        yield Report(chain, name)


def verify(report: Report, noted: Mapping[int, str] | None = None) -> Report:
    """Walk one chain and compare it with its head.

    Args:
        report: the chain, from `chains`; what is found is written into it.
        noted: heads that somebody wrote down elsewhere, hash by number; each must still be passed.
    """
    wanted = {seq: value.lower() for seq, value in (noted or {}).items()}
    try:
        report.head = _walk(report, wanted)
        if wanted:
            raise Broken(
                f"event {min(wanted):,} of a noted head is missing: the end of the chain was cut off"
            )
    except Broken as broken:
        report.fault = str(broken)
    return report


def _walk(report: Report, wanted: dict[int, str]) -> str:
    seq, key, before = 0, 0, first_hash(report.chain)
    while True:
        page = _page(report.chain, seq, key)
        for event in page:
            before = _check(report, event, seq, before)
            noted = wanted.pop(event.seq, None)
            if noted is not None and noted != before.hex():
                raise Broken(
                    f"event {event.seq:,} has another hash than the noted head: history was rewritten"
                )
            seq, key = event.seq, event.pk
        if page:
            continue
        # The head is read after the rows: what was added meanwhile is walked in another round.
        head = AuditHead.objects.using(OPERATOR).filter(_of(report.chain)).first()
        if head is None:
            raise Broken("its head is missing, so nothing says where it ends")
        if head.seq <= seq or not _page(report.chain, seq, key):
            return _compare(head, seq, before)


def _compare(head: AuditHead, seq: int, before: bytes) -> str:
    if head.seq > seq:
        raise Broken(
            f"event {seq + 1:,} is missing: the last {head.seq - seq:,} of {head.seq:,} events were deleted"
        )
    if head.seq < seq:
        raise Broken(f"event {head.seq + 1:,} comes after the head: it was inserted, or the head was changed")
    if bytes(head.hash) != before:
        raise Broken(f"the head has another hash than event {seq:,}: the head was changed")
    return f"{seq}:{before.hex()}"


def _check(report: Report, event: AuditEvent, seq: int, before: bytes) -> bytes:
    """The event's hash, if it is the next one and nothing in it was changed."""
    if event.seq <= seq:
        raise Broken(f"event {event.seq:,} is there twice: one was inserted")
    if event.seq > seq + 1:
        raise Broken(f"event {seq + 1:,} is missing: deleted, or the order was changed")
    report.events += 1
    if event.detail is not None and event.salt is not None and event.dropped_at is None:
        if digest_of(bytes(event.salt), event.detail) != bytes(event.digest):
            raise Broken(f"event {event.seq:,} has another detail than was written: it was changed")
    elif event.detail is None and event.salt is None and event.dropped_at is not None:
        report.dropped += 1
    else:
        raise Broken(f"event {event.seq:,} has lost its detail without being marked: it was tampered with")
    computed = hash_of(before, event)
    if computed != bytes(event.hash):
        raise Broken(
            f"event {event.seq:,} does not follow the one before it: one of the two was changed, moved or inserted"
        )
    return computed


def _page(chain: str, seq: int, key: int) -> list[AuditEvent]:
    later = Q(seq__gt=seq) | Q(seq=seq, id__gt=key)
    rows = AuditEvent.objects.using(OPERATOR).filter(_of(chain)).filter(later)
    return list(rows.order_by("seq", "id").only(*COLUMNS)[:PAGE])


def _of(chain: str) -> Q:
    return Q(tenant_id=None) if chain == DEPLOYMENT else Q(tenant_id=UUID(chain))


def open_doors() -> list[str]:
    """What would let somebody change the audit unnoticed by the database: rights that were given, guards taken off."""
    found = []
    with databases[OPERATOR].cursor() as cursor:
        for role in filter(None, tenancy.application_roles()):
            for table in TABLES:
                cursor.execute(
                    "SELECT has_table_privilege(%s, %s, 'INSERT, UPDATE, DELETE, TRUNCATE')", [role, table]
                )
                if cursor.fetchone() == (True,):
                    found.append(f"the role {role} may write to {table}")
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = ANY(%s::regclass[]) AND tgenabled IN ('O', 'A') "
            "AND tgfoid = 'audit_guard'::regproc",
            [list(TABLES)],
        )
        if cursor.fetchone() != (2 * len(TABLES),):
            found.append("a trigger that guards the audit's tables is missing or switched off")
    return found


def at(moment: datetime) -> str:
    """A time as it goes into a hash, and into an export."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
