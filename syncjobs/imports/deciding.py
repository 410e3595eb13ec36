"""The consent ledger of jobs: new people, each decided upon before the call that creates them leaves.

Who is written singly gets the entry with that. An import's basis is the one that it was started on, a program's the one
that is recorded for the account. Whom no call has created in the end is taken back: the ledger says that it did not
happen. What may have happened stays.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.db import connection as database
from django.db.models import QuerySet

from mapping import consentledger
from mapping.consent import Call, Will
from syncjobs.imports import batching, outcomes, scratch
from syncjobs.models import Batch, ImportRow, SyncJob
from syncjobs.planner import IMPORTS
from syncjobs.queue import Claim

# An entry's id follows from its row, and from how many before it were undone, which are no more than further looks at
# the account: what is decided again stands there once. The id of what undoes an entry follows from the entry's.
# LIMIT keeps it one search of an index a row, however large the ledger and however little is known of its size.
_ID: Final = "md5(row.job_id::text || ':' || row.line || {behind})::uuid"
_UNDOES: Final = "md5({entry}::text || ':undone')::uuid"
_EARLIER: Final = _UNDOES.format(entry=_ID.format(behind="CASE WHEN n = 0 THEN '' ELSE ':' || n END"))
_TURN: Final = f"""
    LATERAL (
        SELECT coalesce(':' || nullif(count(*), 0), '') AS behind FROM generate_series(0, %(looks)s) AS earlier (n),
            LATERAL (SELECT FROM mapping_consententry WHERE id = {_EARLIER} LIMIT 1) AS undone
    ) AS turn
"""  # noqa: S608  # ours
_NEW: Final = f"""
    INSERT INTO mapping_consententry (id, tenant_id, environment_id, connection_id, contact_id, email, call, outcome,
        reason, permission, opt_in_source, will, evidence, basis, decided_by, at)
    SELECT {_ID.format(behind="turn.behind")}, tenant_id, environment_id, %(connection)s, NULL, email, %(call)s, 'sent',
        '', 'implicit', 'Account', %(will)s, '{{}}', %(basis)s::jsonb, %(by)s, clock_timestamp()
    FROM syncjobs_importrow AS row, {_TURN}
    WHERE job_id = %(job)s AND line > %(after)s AND line <= %(last)s AND outcome = '' AND action = ''
        AND expected = 'created' AND (list_set <> '' OR %(everybody)s)
    ON CONFLICT (id) DO NOTHING
"""  # noqa: S608  # ours
# Rows that an entry stands behind. Of who was not taken the account has told whether he is there all the same.
_FIND: Final = f"""
    CREATE TEMP TABLE taken_back ON COMMIT DROP AS
    SELECT entry.id, row.email_key, CASE WHEN row.reason = 'not_taken' THEN row.reason ELSE 'not_sent' END AS reason,
        row.reason = 'not_taken' AND NOT EXISTS (SELECT FROM mapping_mirrorcontact AS known
            WHERE known.connection_id = %(connection)s AND known.email_key = row.email_key) AS is_sure
    FROM syncjobs_importrow AS row, {_TURN},
        LATERAL (SELECT id FROM mapping_consententry WHERE id = {_ID.format(behind="turn.behind")} LIMIT 1) AS entry
    WHERE row.job_id = %(job)s AND row.action = '' AND {{which}}
"""  # noqa: S608  # ours
_TAKE_BACK: Final = f"""
    INSERT INTO mapping_consententry (id, tenant_id, environment_id, connection_id, contact_id, email, call, outcome,
        reason, permission, opt_in_source, will, evidence, basis, decided_by, at, undoes)
    SELECT {_UNDOES.format(entry="entry.id")}, tenant_id, environment_id, connection_id, contact_id, email, call,
        'refused', taken_back.reason, permission, opt_in_source, will, evidence, basis, decided_by, clock_timestamp(),
        entry.id
    FROM taken_back, LATERAL (SELECT * FROM mapping_consententry WHERE id = taken_back.id LIMIT 1) AS entry
    ON CONFLICT (id) DO NOTHING
"""  # noqa: S608  # ours
_ENDED: Final = """
    row.line > %(after)s AND row.line <= %(last)s AND row.outcome IN ('skipped', 'rejected')
    AND row.expected = 'created'
"""
_LINES: Final = "row.line = ANY(%(lines)s)"
_FURTHEST: Final = 2**63 - 1


def decide(claim: Claim) -> None:
    """Some thousand rows a step: everybody whom an import will create."""
    with claim.transaction() as job:
        after = job.cursor.get("line", -1)
        waiting = ImportRow.objects.filter(job=job, outcome="", line__gt=after).order_by("line")
        most = settings.ENV.IMPORT_STEP_ROWS
        lines = list(waiting.values_list("line", flat=True)[:most])
        if lines:
            _add(job, after, lines[-1])
        if len(lines) < most:
            # Who is left out by now is: said while the rest are on their way.
            claim.advance("planning", cursor={}, **outcomes.counted(job))
        else:
            claim.advance("deciding", cursor={"line": lines[-1]})


def _add(job: SyncJob, after: int, last: int) -> None:
    basis, by = _started_on(job)
    everybody = scratch.is_allowed(job.connection)
    with database.cursor() as cursor:
        cursor.execute(
            _NEW,
            {
                "job": job.pk,
                "after": after,
                "last": last,
                "looks": job.options.get("looked_again", 0) - 1,
                "connection": job.connection_id,
                "call": Call.IMPORT,
                "will": Will.BASIS,
                "basis": json.dumps(basis),
                "by": by[:300],
                "everybody": everybody,
            },
        )


def take_back(job: SyncJob, after: int = -1, last: int = _FURTHEST) -> None:
    """Whoever between these lines was to be created, and ended otherwise without a call that may have done it.

    Once their rows have an outcome. Inside the scope.
    """
    _take_back(job, _ENDED, {"after": after, "last": last})


def take_back_lines(job: SyncJob, lines: Sequence[int]) -> None:
    """The same of rows that a second look at the account has judged otherwise. Inside the scope."""
    if lines and job.options.get("looked_again"):
        _take_back(job, _LINES, {"lines": list(lines)})


def _take_back(job: SyncJob, which: str, arguments: dict[str, Any]) -> None:  # Any: values of a statement
    looks = SyncJob.objects.values_list("options__looked_again", flat=True).get(pk=job.pk) or 0
    place = {"job": job.pk, "connection": job.connection_id, "looks": looks}
    with database.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.taken_back")
        cursor.execute(_FIND.format(which=which), {**place, **arguments})
        if cursor.rowcount:
            for call in batching.each(_went_out(job)):
                keys = batching.keys_of(call)
                cursor.execute("DELETE FROM taken_back WHERE NOT is_sure AND email_key = ANY(%s)", [keys])
            cursor.execute(_TAKE_BACK)


def _went_out(job: SyncJob) -> QuerySet[Batch]:
    """Imports that may have arrived, with whole rows or addresses: either makes somebody who is new."""
    imports = Batch.objects.filter(job=job, kind__in=sorted(IMPORTS))
    return imports.exclude(state=Batch.State.PLANNED, sendings=0)


def _started_on(job: SyncJob) -> tuple[dict[str, str], str]:
    """The basis, as an entry keeps it, and who started the job. Inside the scope."""
    asked = job.options.get("basis")
    if asked is None:
        return consentledger.as_kept(consentledger.basis_of(job.connection)), job.options["by"]
    given = {"statement": asked["statement"], "given_by": asked["by"], "given_at": asked["at"]}
    return {"kind": asked.get("kind", ""), **given}, asked["by"]
