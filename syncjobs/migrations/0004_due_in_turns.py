"""Due jobs are found workspace by workspace in turn, and a job keeps its count of calls when their log is let go."""

from django.db import migrations, models

# The next due jobs of all workspaces, as ids: of each workspace the one who waited longest, the workspace that was served
# longest ago first; then each one's second, and so on. What this reads grows with what is due, not with what there is.
FIND_DUE_JOBS = """
CREATE OR REPLACE FUNCTION find_due_jobs(most integer) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY
    WITH due AS (
        SELECT j.tenant_id, j.environment_id, j.id, j.not_before,
            row_number() OVER (PARTITION BY j.tenant_id ORDER BY j.not_before, j.id) AS place
        FROM syncjobs_syncjob j
        WHERE j.state IN ('queued', 'running', 'waiting') AND j.not_before <= clock_timestamp()
            AND (j.state <> 'running' OR j.lease_until < clock_timestamp())
    ), served AS MATERIALIZED (  -- once a workspace, not once a job
        SELECT d.tenant_id, (
            SELECT s.claimed_at FROM syncjobs_syncjob s
            WHERE s.tenant_id = d.tenant_id AND s.claimed_at IS NOT NULL ORDER BY s.claimed_at DESC LIMIT 1
        ) AS last
        FROM due d WHERE d.place = 1
    )
    SELECT d.tenant_id, d.environment_id, d.id FROM due d JOIN served s ON s.tenant_id = d.tenant_id WHERE d.place <= most
    ORDER BY d.place, s.last NULLS FIRST, d.not_before, d.id LIMIT most;
    PERFORM set_config('app.finding', '', true);
END
$$;
"""
FIND_LONGEST_WAITING = """
CREATE OR REPLACE FUNCTION find_due_jobs(most integer) RETURNS TABLE (tenant_id uuid, environment_id uuid, id uuid)
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

    dependencies = [
        ('syncjobs', '0003_webhooks_in_turn'),
    ]

    operations = [
        migrations.AddField(
            model_name='syncjob',
            name='old_calls',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='syncjob',
            name='claimed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='syncjob',
            index=models.Index(condition=models.Q(('claimed_at__isnull', False)), fields=['tenant', '-claimed_at'], name='syncjob_claimed'),
        ),
        migrations.RunSQL(FIND_DUE_JOBS, FIND_LONGEST_WAITING),
    ]
