"""News of single contacts between two whole readings: who left, and what we wrote ourselves.

Runs inside the connection's scope; `at` is always the provider's time.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Greatest

from connections import staging
from connections.constantcontact.shapes import Contact
from connections.models import Connection
from mapping import mirror
from mapping.fields import custom_column
from mapping.known import COLUMNS, Standing, known_of
from mapping.models import MirrorState, RemoteField


def keep_standing(
    connection: Connection, email_keys: Iterable[str], standing: Standing, at: datetime
) -> None:
    """Keep that these people were deleted, or unsubscribed, as of the provider's time `at`.

    Whatever a row holds: we never bring anybody back ourselves, so nothing that we know can be newer than this.
    """
    permission = "unsubscribed" if standing == "unsubscribed" else ""
    with database.cursor() as cursor:
        staging.load(cursor, {"email_key": "text"}, ((key,) for key in sorted(set(email_keys))))
        cursor.execute(
            """
            INSERT INTO mapping_mirrorcontact AS old (tenant_id, environment_id, connection_id, email_key, standing,
                permission, values, values_hash, list_ids, seen_at, changed_at)
            SELECT %s, %s, %s, email_key, %s, %s, '{}', md5('{}'), '{}', %s, clock_timestamp() FROM staged
            ON CONFLICT (tenant_id, connection_id, email_key) DO UPDATE SET standing = excluded.standing,
                permission = CASE WHEN excluded.permission <> '' THEN excluded.permission ELSE old.permission END,
                list_ids = CASE WHEN excluded.standing = 'deleted' THEN '{}' ELSE old.list_ids END,
                seen_at = greatest(old.seen_at, excluded.seen_at), changed_at = excluded.changed_at
            WHERE old.standing <> 'deleted' OR excluded.standing = 'deleted'
            """,
            [connection.tenant_id, connection.environment_id, connection.pk, standing, permission, at],
        )


def keep_contact(connection: Connection, contact: Contact, left: Iterable[str] = ()) -> None:
    """Keep a contact that was just read or written whole, as of the provider's time of its newest change.

    Nothing is kept over newer news, and a tombstone stays: only a whole reading lifts it. Nobody has the addresses any
    more that it has `left`, by their keys; but an opt-out there stays.
    """
    fields = list(RemoteField.objects.filter(connection=connection))
    custom = {str(row.custom_field_id): custom_column(row.name) for row in fields}
    one = known_of(contact, custom, {str(row.custom_field_id): row.choice_ids for row in fields})
    address = contact.email_address
    at = max(filter(None, (contact.updated_at, address.updated_at if address else None)), default=None)
    if one is None or one.standing == "deleted" or at is None:
        return
    known = {column: value for column, value in one.values.items() if value}
    values = json.dumps(known, ensure_ascii=False)
    told = [*COLUMNS, *custom.values()]
    arguments = [
        *(connection.tenant_id, connection.environment_id, connection.pk),
        *(one.email_key, one.contact_id, one.standing, one.permission),
        *(values, values, sorted(one.list_ids or ()), sorted(one.tag_ids or ()), at),
        *(told, told),
    ]
    with database.cursor() as cursor:
        cursor.execute(_KEEP_ONE, arguments)
        came = sum(is_new for (is_new,) in cursor.fetchall())
        cursor.execute(_LEAVE, [connection.pk, list(left), one.email_key, one.contact_id, at])
        went = int(cursor.rowcount)
    _count(connection, came - went)


_KEEP_ONE: Final = """
    INSERT INTO mapping_mirrorcontact AS old (tenant_id, environment_id, connection_id, email_key, contact_id, standing,
        permission, values, values_hash, list_ids, tag_ids, seen_at, changed_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, md5(%s::jsonb::text), %s::uuid[], %s::uuid[], %s, clock_timestamp())
    ON CONFLICT (tenant_id, connection_id, email_key) DO UPDATE SET
        contact_id = excluded.contact_id, standing = excluded.standing, permission = excluded.permission,
        values = (old.values - %s::text[]) || excluded.values,
        values_hash = md5(((old.values - %s::text[]) || excluded.values)::text),
        list_ids = excluded.list_ids, tag_ids = excluded.tag_ids,
        seen_at = excluded.seen_at, changed_at = excluded.changed_at
    WHERE old.standing <> 'deleted' AND old.seen_at <= excluded.seen_at
    RETURNING xmax = 0
"""
_LEAVE: Final = """
    DELETE FROM mapping_mirrorcontact WHERE connection_id = %s AND email_key = ANY(%s) AND email_key <> %s
        AND standing = 'active' AND (contact_id IS NULL OR contact_id = %s) AND seen_at <= %s
"""


def _count(connection: Connection, more: int) -> None:
    """How many people the account has, until the next whole reading counts them."""
    if more:
        state = MirrorState.objects.filter(connection=connection)
        state.update(total=Greatest(F("total") + more, 0))


def optouts_known_until(connection: Connection, moment: datetime) -> None:
    """Opt-outs before this are in the mirror; the marker never goes back."""
    row = mirror.state(connection)
    row.optouts_until = max(filter(None, (row.optouts_until, moment)))
    row.save(update_fields=["optouts_until"])


def keep_written(connection: Connection, select: str, arguments: Sequence[Any], at: datetime) -> int:
    """Keep what an import of ours has written; answers how many rows it changed.

    Args:
        connection: whose mirror.
        select: SQL that gives email_key, values (jsonb), list_ids and tag_ids (uuid[]) and is_new of each person once.
        arguments: its own.
        at: the provider's time by which it was done.

    Of a new person all is known. Of one who was there, who is not in the mirror, too little: left out.
    """
    place = [connection.tenant_id, connection.environment_id, connection.pk]
    with database.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.wrote")
        cursor.execute(
            f"CREATE TEMP TABLE wrote ON COMMIT DROP AS {select}", arguments
        )  # the caller's own SQL
        cursor.execute(_MAKE, [*place, at])
        made = int(cursor.rowcount)
        cursor.execute(_CHANGE, [at, connection.pk])
        changed = int(cursor.rowcount)
    _count(connection, made)
    return made + changed


_MAKE: Final = """
    INSERT INTO mapping_mirrorcontact (tenant_id, environment_id, connection_id, email_key, standing, permission,
        values, values_hash, list_ids, tag_ids, seen_at, changed_at)
    SELECT %s, %s, %s, email_key, 'active', 'implicit', values, md5(values::text),
        ARRAY(SELECT DISTINCT unnest(list_ids) ORDER BY 1), ARRAY(SELECT DISTINCT unnest(tag_ids) ORDER BY 1), %s,
        clock_timestamp()
    FROM wrote WHERE is_new
    ON CONFLICT (tenant_id, connection_id, email_key) DO NOTHING
"""
_CHANGE: Final = """
    UPDATE mapping_mirrorcontact AS old SET
        values = old.values || wrote.values,
        values_hash = md5((old.values || wrote.values)::text),
        list_ids = CASE WHEN old.list_ids IS NOT NULL
            THEN ARRAY(SELECT DISTINCT unnest(old.list_ids || wrote.list_ids) ORDER BY 1) END,
        tag_ids = CASE WHEN old.tag_ids IS NOT NULL
            THEN ARRAY(SELECT DISTINCT unnest(old.tag_ids || wrote.tag_ids) ORDER BY 1) END,
        seen_at = greatest(old.seen_at, %s), changed_at = clock_timestamp()
    FROM wrote
    WHERE old.connection_id = %s AND old.email_key = wrote.email_key AND old.standing = 'active'
        AND NOT (old.values @> wrote.values
            AND coalesce(old.list_ids @> wrote.list_ids, true) AND coalesce(old.tag_ids @> wrote.tag_ids, true))
"""


def keep_taken_off(connection: Connection, select: str, arguments: Sequence[Any], at: datetime) -> int:
    """Keep which lists and tags we have taken off people; answers how many rows it changed.

    Args:
        connection: whose mirror.
        select: SQL that gives email_key, and list_ids and tag_ids (uuid[]), which are gone, of each person once.
        arguments: its own.
        at: the provider's time by which it was done.
    """
    with database.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.taken")
        cursor.execute(
            f"CREATE TEMP TABLE taken ON COMMIT DROP AS {select}", arguments
        )  # the caller's own SQL
        cursor.execute(_TAKE_OFF, [at, connection.pk])
        return int(cursor.rowcount)


_TAKE_OFF: Final = """
    UPDATE mapping_mirrorcontact AS old SET
        list_ids = CASE WHEN old.list_ids IS NOT NULL THEN ARRAY(SELECT unnest(old.list_ids)
            EXCEPT SELECT unnest(taken.list_ids) ORDER BY 1) END,
        tag_ids = CASE WHEN old.tag_ids IS NOT NULL THEN ARRAY(SELECT unnest(old.tag_ids)
            EXCEPT SELECT unnest(taken.tag_ids) ORDER BY 1) END,
        seen_at = greatest(old.seen_at, %s), changed_at = clock_timestamp()
    FROM taken WHERE old.connection_id = %s AND old.email_key = taken.email_key AND old.standing = 'active'
"""
