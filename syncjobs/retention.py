"""What is kept only for a while: uploads and the bytes of batches after their import, links that came to nothing."""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from connections.models import LinkState
from syncjobs.models import Batch, KnownContact, Upload
from syncjobs.states import OVER

OPERATOR = "operator"


def tidy(now: datetime | None = None) -> None:
    """Delete what has outlived its use, in every workspace (as the operators' role)."""
    moment = now or datetime.now(UTC)
    old = moment - timedelta(days=settings.ENV.UPLOAD_DAYS)
    over = {"job__state__in": sorted(OVER), "job__ended_at__lt": old}
    KnownContact.objects.using(OPERATOR).filter(**over).delete()
    Batch.objects.using(OPERATOR).filter(**over).exclude(content=b"").update(content=b"")
    Upload.objects.using(OPERATOR).filter(created_at__lt=old).delete()
    LinkState.objects.using(OPERATOR).filter(expires_at__lt=moment - timedelta(days=1)).delete()
