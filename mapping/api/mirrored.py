"""Contacts from our own copy of an account: no provider call, and the answer says how old the copy is."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db import connection as database
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpResponse

from connections import tenancy
from connections.api.contract import Fault
from connections.constantcontact import cursors
from connections.models import Connection
from connections.prepared import Prepared
from mapping import consentledger
from mapping.models import MirrorContact, MirrorState
from mapping.unified import asking, mirrored
from mapping.unified.asking import Asked, Refused
from mapping.unified.contacts import ASKED, UNKNOWN_HERE, FieldName, Names
from mapping.unified.mirrored import Kept
from mapping.values import email_key

_MARK: Final = "mirror:"
_TEXTS: Final = ArrayField(TextField())
# Ids as text: nobody here needs them as anything else.
_READ: Final = (
    Cast("contact_id", TextField()),
    "email_key",
    "standing",
    "permission",
    "values",
    Cast("list_ids", _TEXTS),
    Cast("tag_ids", _TEXTS),
)
_ARRAYS: Final = {"lists.id": "list_ids", "tags.id": "tag_ids"}


def listed(account: Connection, asked: Asked) -> HttpResponse:
    """A page of the copy, by address.

    Raises:
        Fault: `mirror_missing`, where the account was never read.
        Refused: a filter or cursor that cannot be meant.
    """
    if asked.format not in ("unified", "normalized"):
        raise Refused(("truto_response_format", "unified or normalized: our copy holds no documents"))
    with tenancy.acting_for(account.tenant_id, account.environment_id):
        read_at = MirrorState.objects.filter(connection=account).values_list("read_at", flat=True).first()
        if read_at is None:
            raise Fault(
                "mirror_missing",
                HTTPStatus.CONFLICT,
                "This account has not been read yet. POST /api/integrated-account/"
                f"{account.pk}/mirror reads it; or leave truto_super_query out.",
            )
        rows = _rows(account, asked)
        names, entries = _names(account, rows[: asked.limit])
    fields = {f"cf:{known.name}": (key, known) for key, known in names.fields.items()}
    items = [
        mirrored.shown(row, names, fields, entries.get(position))
        for position, row in enumerate(rows[: asked.limit], 1)
    ]
    body = {
        "result": asking.keyed(asked, asking.trimmed(asked, items)),
        "next_cursor": cursors.pack(f"{_MARK}{rows[asked.limit - 1].email}")
        if len(rows) > asked.limit
        else None,
        "prev_cursor": None,
        "result_count": len(items),
        "is_partial_response": False,
        "meta": _meta(asked, read_at),
    }
    # As bytes: the rows are of our own making, and looking at each again costs more than reading it.
    return HttpResponse(json.dumps(body, ensure_ascii=False), content_type="application/json")


_NAMED: Final = Prepared(
    "mirror_names",
    " UNION ALL ".join(
        (
            "SELECT 'field', custom_field_id::text, name, label, type, choice_ids::text "
            "FROM mapping_remotefield WHERE connection_id = %(connection)s",
            "SELECT 'tag', tag_id::text, name, '', '', '' FROM mapping_remotetag WHERE connection_id = %(connection)s",
            consentledger.LATEST,
        )
    ),
)


def _names(account: Connection, rows: Sequence[Kept]) -> tuple[Names, dict[int, str]]:
    """What the ids of fields and tags stand for, and the entry of the consent ledger behind each row: one statement."""
    names, entries = Names({}, {}), dict[int, str]()
    with database.cursor() as cursor:
        values = consentledger.asked_for(account, [(row.contact_id, row.email) for row in rows])
        cursor.execute(*_NAMED.called(cursor, values))
        for what, key, name, label, kind, choices in cursor.fetchall():
            if what == "field":
                names.fields[key] = FieldName(name, label, kind, json.loads(choices))
            elif what == "tag":
                names.tags[key] = name
            else:
                entries[int(key)] = name
    return names, entries


def _meta(asked: Asked, read_at: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {
        "source": "mirror",
        "read_at": asking.as_text(read_at),
        "age_seconds": max(0, round((datetime.now(UTC) - read_at).total_seconds())),
    }
    if asked.ignored:
        found["ignored_filters"] = asked.ignored
    return found


def _rows(account: Connection, asked: Asked) -> list[Kept]:
    """One more than the page, so that its end is known without counting."""
    rows = _filtered(MirrorContact.objects.filter(connection=account), asked)
    if asked.cursor:
        rows = rows.filter(email_key__gt=_after(asked.cursor))
    found = rows.order_by("email_key").values_list(*_READ)[: asked.limit + 1]
    return [Kept(*row) for row in found]


def _filtered(rows: QuerySet[MirrorContact], asked: Asked) -> QuerySet[MirrorContact]:
    """The filters that the copy can answer; without one for the status, only who is there."""
    rows = rows if any(one.name in ("status", "email") for one in asked.filters) else rows.filter(_THERE)
    for one in asked.filters:
        if one.name == "email" and one.operator in ("eq", "in"):
            rows = rows.filter(email_key__in=[email_key(value) for value in one.values])
        elif one.name in _ARRAYS and one.operator in ("eq", "in"):
            rows = rows.filter(**{f"{_ARRAYS[one.name]}__overlap": _ids(one)})
        elif one.name == "status" and one.operator in ("eq", "in"):
            wanted = Q(pk__in=[])
            for value in one.values:
                wanted |= _status(one, value)
            rows = rows.filter(wanted)
        elif asked.strict:
            raise Refused((one.parameter, f"our copy cannot filter by this; {_LIVE}"))
        else:
            asked.ignore(one)
    return rows


_TOLD: Final = "cleaned, unsubscribed"
_LIVE: Final = "leave truto_super_query out to ask Constant Contact"
_THERE: Final = Q(standing__in=["active", "unsubscribed"])


def _ids(condition: asking.Filter) -> list[str]:
    for value in condition.values:
        if not asking.is_id(value):
            raise Refused((condition.parameter, "the id of a list or tag"))
    return list(condition.values)


def _status(condition: asking.Filter, value: str) -> Q:
    if value == "unsubscribed":
        return Q(standing="unsubscribed")
    if value == "cleaned":
        return Q(standing__in=["deleted", "vanished"])
    if value in UNKNOWN_HERE:
        return Q(pk__in=[])
    # What an account is read by names nobody's permission.
    if value in ASKED:
        raise Refused((condition.parameter, f"our copy tells {_TOLD}, not who is {value}; {_LIVE}"))
    known = ", ".join(sorted({*ASKED, *UNKNOWN_HERE}))
    raise Refused((condition.parameter, f"one of {known}, not {value[:50]}"))


def _after(cursor: str) -> str:
    try:
        text = cursors.unpack(cursor)
    except cursors.BadCursor:
        text = ""
    if not text.startswith(_MARK) or "\x00" in text:
        raise Refused(("next_cursor", "the next_cursor of the page before, unchanged"))
    return text.removeprefix(_MARK)
