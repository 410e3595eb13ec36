"""The next due jobs of all workspaces, as ids: the one who waited longest first."""

from django.db import migrations

FIND = """
CREATE FUNCTION find_due_jobs(most integer) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY SELECT j.tenant_id, j.environment_id, j.id FROM syncjobs_syncjob j
    WHERE j.state IN ('queued', 'running', 'waiting') AND j.not_before <= clock_timestamp()
        AND (j.state <> 'running' OR j.lease_until < clock_timestamp())
    ORDER BY j.not_before, j.id LIMIT most;
    PERFORM set_config('app.finding', '', true);
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0001_initial")]

    operations = [migrations.RunSQL(FIND, "DROP FUNCTION find_due_jobs(integer);")]
