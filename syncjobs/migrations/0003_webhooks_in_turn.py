"""Webhooks are served in turn by workspace: what is on the wire is counted, and who was served last comes last."""

from importlib import import_module

from django.db import migrations, models

FIRST = import_module("syncjobs.migrations.0001_first_release")
NAME = "find_due_deliveries"

# Endpoints for which something is due, each once; an event waits for an earlier one about the same thing. First those of
# workspaces with the least on the wire, among these who waits longest for a turn; so within a workspace.
IN_TURN = """
CREATE OR REPLACE FUNCTION find_due_deliveries(most integer, moment timestamptz DEFAULT clock_timestamp())
    RETURNS TABLE (tenant_id uuid, environment_id uuid, webhook_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY WITH due AS (
        SELECT w.tenant_id AS tenant, w.environment_id AS environment, w.id AS webhook, w.served_at, early.not_before
        FROM syncjobs_webhook w
        CROSS JOIN LATERAL (
            SELECT d.not_before FROM syncjobs_webhookdelivery d
            WHERE d.webhook_id = w.id AND d.state IN ('queued', 'sending') AND d.not_before <= moment
                AND (d.state = 'queued' OR d.lease_until < moment)
                AND d.id = (
                    SELECT e.id FROM syncjobs_webhookdelivery e
                    WHERE e.webhook_id = d.webhook_id AND e.about = d.about AND e.state IN ('queued', 'sending')
                    ORDER BY e.id LIMIT 1
                )
            ORDER BY d.not_before, d.id LIMIT 1
        ) early
        WHERE w.is_active AND (w.rests_until IS NULL OR w.rests_until <= moment)
    ), workspaces AS (
        SELECT w.tenant_id AS tenant, max(w.served_at) AS last_at, (
            SELECT count(*) FROM syncjobs_webhookdelivery d
            WHERE d.tenant_id = w.tenant_id AND d.state = 'sending' AND d.lease_until >= moment
        ) AS on_the_wire
        FROM syncjobs_webhook w WHERE w.tenant_id IN (SELECT due.tenant FROM due) GROUP BY w.tenant_id
    )
    SELECT due.tenant, due.environment, due.webhook FROM due JOIN workspaces ON workspaces.tenant = due.tenant
    ORDER BY workspaces.on_the_wire, workspaces.last_at NULLS FIRST, due.served_at NULLS FIRST, due.not_before,
        due.webhook
    LIMIT most;
    PERFORM set_config('app.finding', '', true);
END
$$;
"""
BEFORE = "CREATE OR REPLACE FUNCTION find_due_deliveries" + FIRST.FINDERS.partition(f"CREATE FUNCTION {NAME}")[2]


class Migration(migrations.Migration):

    dependencies = [
        ('syncjobs', '0002_opt_in'),
    ]

    operations = [
        migrations.AddField(
            model_name='webhook',
            name='refusals',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='webhook',
            name='served_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('state', 'sending')), fields=['tenant'], name='webhookdelivery_in_flight'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['webhook', 'state', '-id'], name='webhookdelivery_listed'),
        ),
        migrations.RunSQL(IN_TURN, BEFORE),
    ]
