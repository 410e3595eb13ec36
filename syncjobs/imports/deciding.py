"""The consent ledger of jobs: new people, each decided upon before the call that creates them leaves.

Who is written singly gets the entry with that. An import's basis is the one that it was started on, a program's the one
that is recorded for the account.
"""

import json
from typing import Final

from django.conf import settings
from django.db import connection as database

from mapping import consentledger
from mapping.consent import Call, Will
from syncjobs.imports import outcomes, scratch
from syncjobs.models import ImportRow, SyncJob
from syncjobs.queue import Claim

# An entry's id follows from its row: what is decided again after a retry stands there once.
_NEW: Final = """
    INSERT INTO mapping_consententry (id, tenant_id, environment_id, connection_id, contact_id, email, call, outcome,
        reason, permission, opt_in_source, will, evidence, basis, decided_by, at)
    SELECT md5(job_id::text || ':' || line)::uuid, tenant_id, environment_id, %s, NULL, email, %s, 'sent', '',
        'implicit', 'Account', %s, '{}', %s::jsonb, %s, clock_timestamp()
    FROM syncjobs_importrow WHERE job_id = %s AND line > %s AND line <= %s AND outcome = '' AND action = ''
        AND expected = 'created' AND (list_set <> '' OR %s)
    ON CONFLICT (id) DO NOTHING
"""


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
            [
                *(job.connection_id, Call.IMPORT, Will.BASIS, json.dumps(basis), by[:300]),
                *(job.pk, after, last, everybody),
            ],
        )


def _started_on(job: SyncJob) -> tuple[dict[str, str], str]:
    """The basis, as an entry keeps it, and who started the job. Inside the scope."""
    asked = job.options.get("basis")
    if asked is None:
        return consentledger.as_kept(consentledger.basis_of(job.connection)), job.options["by"]
    given = {"statement": asked["statement"], "given_by": asked["by"], "given_at": asked["at"]}
    return {"kind": asked.get("kind", ""), **given}, asked["by"]
