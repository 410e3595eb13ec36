"""What looks for due work reads what is on its way, and not all that there is."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.db import connection, connections, transaction

from connections import tenancy
from syncjobs.models import Webhook, WebhookDelivery

NOW = datetime.now(UTC)
IDLE = 400
TABLES = ("syncjobs_webhook", "syncjobs_webhookdelivery")


def listening(scope, many, **facts):
    """So many endpoints."""
    here = {"tenant_id": scope.tenant_id, "environment_id": scope.environment_id, "updated_at": NOW}
    with scope.transaction():
        return Webhook.objects.bulk_create(
            [Webhook(**here, target_url=f"https://hooks.example/{one}", **facts) for one in range(many)]
        )


def waiting(webhook, many=1, **facts):
    """So many events for one endpoint, each about something else, due unless `facts` say otherwise."""
    with tenancy.acting_for(webhook.tenant_id, webhook.environment_id):
        WebhookDelivery.objects.bulk_create(
            WebhookDelivery(
                tenant_id=webhook.tenant_id,
                environment_id=webhook.environment_id,
                webhook=webhook,
                event_id=uuid4(),
                event_type="job:created",
                about=uuid4(),
                created_at=NOW,
                **{"not_before": NOW - timedelta(seconds=many - place), **facts},
            )
            for place in range(many)
        )


def rows_read():
    """By this transaction so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) + sum(coalesce(idx_scan, 0)) "
            "FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)",
            [["syncjobs_webhook", "syncjobs_webhookdelivery"]],
        )
        return int(cursor.fetchone()[0] or 0)


def found():
    """The endpoints in their order, and how many rows and looks into an index it took to find them."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Some hundred rows are sooner read whole than looked up; this is about how it goes with many more.
            cursor.execute("SET LOCAL enable_seqscan = off")
        before = rows_read()
        rows = tenancy.find("find_due_deliveries", 20, NOW)
        return [webhook for _, _, webhook in rows], rows_read() - before


def test_endpoints_that_are_owed_nothing_are_not_looked_at(world):
    (due,) = listening(world.scope(), 1)
    waiting(due)
    listening(world.scope(world.stranger), 2)
    first, few = found()
    listening(world.scope(world.stranger), IDLE)
    again, many = found()
    assert first == again == [due.pk]
    assert many <= few + 5


def test_what_waits_behind_the_first_is_not_looked_at(world):
    (due,) = listening(world.scope(), 1)
    waiting(due, 2)
    first, few = found()
    waiting(due, IDLE)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE syncjobs_webhookdelivery")  # as the database does by itself after so many
    again, many = found()
    assert first == again == [due.pk]
    assert many <= few + 5
