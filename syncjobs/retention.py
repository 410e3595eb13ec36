"""What is kept only for a while: uploads and the bytes of batches after their import, links that came to nothing,
texts of messages, webhook deliveries, the logs of calls and steps, sessions that ended."""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from connections import audit
from connections.mail import delivery
from connections.models import LinkState, LinkToken
from connections.people import sessions
from connections.programs import idempotency, requestlog
from syncjobs import queue, spending, webhooksending
from syncjobs.models import Batch, SyncJob, Upload

OPERATOR = "operator"


def tidy(now: datetime | None = None) -> None:
    """Delete what has outlived its use, in every workspace (as the operators' role)."""
    moment = now or datetime.now(UTC)
    old = moment - timedelta(days=settings.ENV.UPLOAD_DAYS)
    # A failed job may be tried again, so it keeps what it needs for that.
    over = {"job__state__in": ["done", "stopped"], "job__ended_at__lt": old}
    Batch.objects.using(OPERATOR).filter(**over).exclude(content=b"").update(content=b"")
    jobs = SyncJob.objects.using(OPERATOR)
    kept = jobs.exclude(state__in=["done", "stopped"]) | jobs.filter(ended_at__gte=old)
    needed = set(kept.values_list("options__upload_id", flat=True))
    for upload_id in list(
        Upload.objects.using(OPERATOR).filter(created_at__lt=old).values_list("pk", flat=True)
    ):
        if str(upload_id) not in needed:
            Upload.objects.using(OPERATOR).filter(pk=upload_id).delete()
    delivery.tidy(moment)
    webhooksending.tidy(moment)
    audit.tidy(moment)
    sessions.tidy(moment)
    idempotency.tidy(moment, OPERATOR)
    requestlog.tidy(moment, OPERATOR)
    spending.tidy(moment, OPERATOR)
    queue.tidy(moment, OPERATOR)
    LinkState.objects.using(OPERATOR).filter(expires_at__lt=moment - timedelta(days=1)).delete()
    LinkToken.objects.using(OPERATOR).filter(expires_at__lt=moment - timedelta(days=1)).delete()
