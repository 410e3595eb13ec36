"""The mirror: the provider's side of each contact as last known, with its age. It decides what is unchanged.

A whole reading (an export, then the deleted) goes by bounded steps between `begin` and `complete`; whoever reads
is named in `MirrorState.reader`, and there is one at a time. Only rows that differ are written. News older than
what a row holds, by the provider's clock, never overwrites it; a tombstone is lifted only by a whole reading.

Everything here runs inside the connection's scope; no provider call is made here.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection as database

from connections import staging
from connections.models import Connection
from mapping.known import Known
from mapping.models import ExportChunk, MirrorContact, MirrorKey, MirrorState

_STAGED: Final = {
    "email_key": "text",
    "contact_id": "uuid",
    "standing": "text",
    "permission": "text",
    "values": "jsonb",
    "list_ids": "uuid[]",
    "tag_ids": "uuid[]",
}


def state(connection: Connection) -> MirrorState:
    """How the connection's mirror stands; made where there is none yet."""
    row, _ = MirrorState.objects.get_or_create(
        connection=connection,
        defaults={"tenant_id": connection.tenant_id, "environment_id": connection.environment_id},
    )
    return row


def is_fresh(row: MirrorState, now: datetime, most: timedelta) -> bool:
    """Whether the last whole reading is young enough to compare with."""
    return row.read_at is not None and now - row.read_at <= most


def known(connection: Connection, email_keys: Iterable[str]) -> dict[str, MirrorContact]:
    """What the mirror holds about these addresses."""
    wanted = [key for key in email_keys if key]
    found = MirrorContact.objects.filter(connection=connection, email_key__in=wanted)
    return {one.email_key: one for one in found}


# --- a whole reading ----------------------------------------------------------------------------------------


def begin(connection: Connection, reader: UUID) -> None:
    """Start a reading: what an earlier one had met or downloaded and not finished is gone."""
    # The reader first: an earlier one that is about to keep something waits, and finds that it is none any more.
    MirrorState.objects.filter(pk=state(connection).pk).update(reader=reader, reader_columns=[])
    discard(connection)


def reader_of(connection: Connection) -> UUID | None:
    """Who reads; nobody else becomes the reader before the end of the transaction."""
    return MirrorState.objects.select_for_update(of=("self",)).get(pk=state(connection).pk).reader


def is_reader(connection: Connection, reader: UUID) -> bool:
    """Whether this reading is still the one that counts, and stays it to the end of the transaction."""
    return reader_of(connection) == reader


def let_go(connection: Connection) -> None:
    """End a reading that was for something else than the mirror, which stays as it is."""
    MirrorState.objects.filter(connection=connection).update(reader=None, reader_columns=[])
    discard(connection)


def discard(connection: Connection) -> None:
    """Drop what a reading needs only while it goes on."""
    ExportChunk.objects.filter(connection=connection).delete()
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM mapping_mirrorkey WHERE connection_id = %s", [connection.pk])


def keep(connection: Connection, found: Sequence[Known], read_at: datetime) -> int:
    """Keep what an export says of some contacts, and that they were met; answers how many rows it changed.

    A tombstone stays: whether somebody was really brought back shows at the end of the reading only.
    """
    people = {one.email_key: one for one in found}
    with database.cursor() as cursor:
        staging.load(cursor, _STAGED, (_staged(one) for one in people.values()))
        cursor.execute(_KEEP, [connection.tenant_id, connection.environment_id, connection.pk, read_at])
        changed = int(cursor.rowcount)
        cursor.execute(
            "INSERT INTO mapping_mirrorkey (tenant_id, environment_id, connection_id, email_key, deleted) "
            "SELECT %s, %s, %s, email_key, false FROM staged ON CONFLICT DO NOTHING",
            [connection.tenant_id, connection.environment_id, connection.pk],
        )
    return changed


def meet(connection: Connection, email_keys: Iterable[str], *, deleted: bool) -> None:
    """Keep that these were met, and nothing else: among the deleted, or in rows that could not be read."""
    with database.cursor() as cursor:
        staging.load(cursor, {"email_key": "text"}, ((key,) for key in sorted(set(email_keys))))
        cursor.execute(
            "INSERT INTO mapping_mirrorkey AS old (tenant_id, environment_id, connection_id, email_key, deleted) "
            "SELECT %s, %s, %s, email_key, %s FROM staged ON CONFLICT (tenant_id, connection_id, email_key) "
            "DO UPDATE SET deleted = old.deleted OR excluded.deleted",
            [connection.tenant_id, connection.environment_id, connection.pk, deleted],
        )


def tells_of(connection: Connection, columns: Sequence[str]) -> None:
    """Which columns the reading under way knows."""
    MirrorState.objects.filter(connection=connection).update(reader_columns=list(columns))


def _staged(one: Known) -> tuple[Any, ...]:
    return (
        one.email_key,
        one.contact_id,
        one.standing,
        # An export names no permission; an opt-out behind a tombstone must be known when that is lifted.
        one.permission or ("unsubscribed" if one.standing == "unsubscribed" else ""),
        json.dumps(one.values, ensure_ascii=False),
        None if one.list_ids is None else sorted(one.list_ids),
        None if one.tag_ids is None else sorted(one.tag_ids),
    )


_KEEP: Final = """
    INSERT INTO mapping_mirrorcontact AS old (tenant_id, environment_id, connection_id, email_key, contact_id,
        standing, permission, values, values_hash, list_ids, tag_ids, seen_at, changed_at)
    SELECT %s, %s, %s, email_key, contact_id, standing, permission, values, md5(values::text), list_ids, tag_ids, %s,
        clock_timestamp()
    FROM staged
    ON CONFLICT (tenant_id, connection_id, email_key) DO UPDATE SET
        contact_id = coalesce(excluded.contact_id, old.contact_id),
        standing = CASE WHEN old.standing = 'deleted' THEN old.standing ELSE excluded.standing END,
        permission = CASE WHEN excluded.permission <> '' THEN excluded.permission
            WHEN excluded.standing = old.standing THEN old.permission ELSE '' END,
        values = excluded.values,
        values_hash = excluded.values_hash,
        list_ids = coalesce(excluded.list_ids, old.list_ids),
        tag_ids = coalesce(excluded.tag_ids, old.tag_ids),
        seen_at = excluded.seen_at,
        changed_at = excluded.changed_at
    WHERE old.seen_at <= excluded.seen_at AND (
        (old.standing <> excluded.standing AND old.standing <> 'deleted')
        OR old.values_hash <> excluded.values_hash
        OR (excluded.permission <> '' AND old.permission <> excluded.permission)
        OR (excluded.contact_id IS NOT NULL AND old.contact_id IS DISTINCT FROM excluded.contact_id)
        OR (excluded.list_ids IS NOT NULL AND old.list_ids IS DISTINCT FROM excluded.list_ids)
        OR (excluded.tag_ids IS NOT NULL AND old.tag_ids IS DISTINCT FROM excluded.tag_ids))
"""


def clear(connection: Connection, read_at: datetime, after: str, most: int) -> str | None:
    """Hold so many rows behind the address `after` against what the reading met; answers where to go on, or None.

    Who was not met and is not among the deleted has vanished; who had vanished before is forgotten, and is a new
    person if he comes again. Who was met and was not among the deleted this time has been brought back there, unless
    it was after the export that he was deleted.
    """
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT email_key FROM mapping_mirrorcontact WHERE connection_id = %s AND email_key > %s "
            "ORDER BY email_key OFFSET %s LIMIT 1",
            [connection.pk, after, most],
        )
        found = cursor.fetchone()
        # The range of this page: to the row behind it, or to the end.
        last = found[0] if found else None
        span = {"connection": connection.pk, "after": after, "last": last, "read_at": read_at}
        cursor.execute(_FORGET, span)
        cursor.execute(_VANISH, span)
        cursor.execute(_LIFT, span)
    return last


_RANGE: Final = """
    old.connection_id = %(connection)s AND old.email_key > %(after)s
    AND (%(last)s::text IS NULL OR old.email_key <= %(last)s::text)
"""
_MET: Final = """
    EXISTS (SELECT FROM mapping_mirrorkey AS met
        WHERE met.connection_id = old.connection_id AND met.email_key = old.email_key {which})
"""
_NOT_MET: Final = f"NOT {_MET.format(which='')} AND old.seen_at <= %(read_at)s"
_FORGET: Final = (
    f"DELETE FROM mapping_mirrorcontact AS old WHERE {_RANGE} AND standing = 'vanished' AND {_NOT_MET}"  # noqa: S608  # ours
)
_VANISH: Final = f"""
    UPDATE mapping_mirrorcontact AS old SET standing = 'vanished', list_ids = '{{}}', seen_at = %(read_at)s,
        changed_at = clock_timestamp()
    WHERE {_RANGE} AND standing IN ('active', 'unsubscribed') AND {_NOT_MET}
"""  # noqa: S608  # ours
_LIFT: Final = f"""
    UPDATE mapping_mirrorcontact AS old SET seen_at = %(read_at)s, changed_at = clock_timestamp(),
        standing = CASE WHEN permission = 'unsubscribed' THEN 'unsubscribed' ELSE 'active' END
    WHERE {_RANGE} AND standing = 'deleted' AND {_MET.format(which="AND NOT met.deleted")}
        AND old.seen_at <= %(read_at)s
"""  # noqa: S608  # ours


def complete(connection: Connection, began_at: datetime, read_at: datetime) -> None:
    """The reading is whole: from now on the mirror is as old as it is.

    Args:
        connection: whose mirror.
        began_at: when the reading began, by our clock: its age counts from then.
        read_at: the same by the provider's clock: what it holds for sure.
    """
    row = state(connection)
    row.read_at, row.columns = began_at, row.reader_columns
    met = MirrorKey.objects.filter(connection=connection)
    row.total, row.deleted = met.filter(deleted=False).count(), met.filter(deleted=True).count()
    row.readings += 1
    row.optouts_until = max(filter(None, (row.optouts_until, read_at)))
    row.updates_until = read_at
    row.reader, row.reader_columns = None, []
    row.save()
    discard(connection)


# --- the file of an export, kept while it is read -----------------------------------------------------------


def keep_chunk(connection: Connection, offset: int, content: bytes) -> int:
    """Keep a piece of the export; answers where the next one begins."""
    ExportChunk.objects.create(
        tenant_id=connection.tenant_id,
        environment_id=connection.environment_id,
        connection=connection,
        offset=offset,
        content=content,
    )
    return offset + len(content)


def chunks_from(connection: Connection, offset: int) -> Iterator[bytes]:
    """The kept file from an offset on, a piece at a time."""
    kept = ExportChunk.objects.filter(connection=connection)
    first = kept.filter(offset__lte=offset).order_by("-offset").values_list("offset", flat=True).first()
    starts = kept.filter(offset__gte=first or 0).order_by("offset").values_list("offset", flat=True)
    for start in list(starts):
        content = bytes(kept.values_list("content", flat=True).get(offset=start))
        yield content[max(0, offset - start) :]
