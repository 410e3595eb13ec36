"""What looks for due deliveries reads the endpoints that are owed one, and passes by all others."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("syncjobs.migrations.0003_webhooks_in_turn").IN_TURN

# As before, but `owed` leaps in the index from one endpoint with something on its way to the next, so that what this
# reads grows with them and neither with all endpoints nor with what waits for one of them.
WHO_IS_OWED = """
CREATE OR REPLACE FUNCTION find_due_deliveries(most integer, moment timestamptz DEFAULT clock_timestamp())
    RETURNS TABLE (tenant_id uuid, environment_id uuid, webhook_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.finding', 'on', true);
    RETURN QUERY WITH RECURSIVE owed(webhook) AS (
        (
            SELECT d.webhook_id FROM syncjobs_webhookdelivery d WHERE d.state IN ('queued', 'sending')
            ORDER BY d.webhook_id LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT d.webhook_id FROM syncjobs_webhookdelivery d
            WHERE d.state IN ('queued', 'sending') AND d.webhook_id > owed.webhook ORDER BY d.webhook_id LIMIT 1
        ) FROM owed WHERE owed.webhook IS NOT NULL
    ), due AS (
        SELECT w.tenant_id AS tenant, w.environment_id AS environment, w.id AS webhook, w.served_at, early.not_before
        FROM owed CROSS JOIN LATERAL (SELECT * FROM syncjobs_webhook one WHERE one.id = owed.webhook OFFSET 0) w
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
        SELECT owner.tenant, (
            SELECT max(w.served_at) FROM syncjobs_webhook w WHERE w.tenant_id = owner.tenant
        ) AS last_at, (
            SELECT count(*) FROM syncjobs_webhookdelivery d
            WHERE d.tenant_id = owner.tenant AND d.state = 'sending' AND d.lease_until >= moment
        ) AS on_the_wire
        FROM (SELECT DISTINCT due.tenant FROM due) AS owner
    )
    SELECT due.tenant, due.environment, due.webhook FROM due JOIN workspaces ON workspaces.tenant = due.tenant
    ORDER BY workspaces.on_the_wire, workspaces.last_at NULLS FIRST, due.served_at NULLS FIRST, due.not_before,
        due.webhook
    LIMIT most;
    PERFORM set_config('app.finding', '', true);
END
$$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('syncjobs', '0006_webhooks_switched_off'),
    ]

    operations = [
        migrations.RunSQL(WHO_IS_OWED, BEFORE),
    ]
