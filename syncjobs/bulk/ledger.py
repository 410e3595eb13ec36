"""The consent ledger of a bulk write: new people, each decided upon before the call that creates them leaves."""

import json

from django.db import connection as database

from mapping import consentledger
from mapping.consent import Call, Will
from syncjobs.imports import scratch
from syncjobs.models import SyncJob

# An entry's id follows from its row: what is decided again after a retry stands there once.
_NEW = """
    INSERT INTO mapping_consententry (id, tenant_id, environment_id, connection_id, contact_id, email, call, outcome,
        reason, permission, opt_in_source, will, evidence, basis, decided_by, at)
    SELECT md5(job_id::text || ':' || line)::uuid, tenant_id, environment_id, %s, NULL, email, %s, 'sent', '',
        'implicit', 'Account', %s, '{}', %s::jsonb, %s, clock_timestamp()
    FROM syncjobs_importrow WHERE job_id = %s AND outcome = '' AND action = '' AND expected = 'created'
        AND (list_set <> '' OR %s)
    ON CONFLICT (id) DO NOTHING
"""


def add_new(job: SyncJob) -> None:
    """Everybody whom an import will create. Who is written singly gets his entry with that. Inside the scope."""
    basis = json.dumps(consentledger.as_kept(consentledger.basis_of(job.connection)))
    everybody = scratch.is_allowed(job.connection)
    with database.cursor() as cursor:
        cursor.execute(
            _NEW,
            [job.connection_id, Call.IMPORT, Will.BASIS, basis, job.options["by"], job.pk, everybody],
        )
