"""Finding calls in the request log: by status, address, account, number, and time. For the page and for programs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from connections.models import ApiCall

LONGEST: Final = timedelta(days=31)


@dataclass(frozen=True)
class Wanted:
    """What to look for; everything may be left out. `status` is one, or a class such as `4xx`."""

    status: str = ""
    path: str = ""
    connection_id: UUID | None = None
    request_id: str = ""
    log_type: str = ""
    method: str = ""
    after: datetime | None = None
    before: datetime | None = None

    @property
    def is_on(self) -> bool:
        """Whether it leaves anything out."""
        return self != Wanted()


def narrow(wanted: Wanted) -> "QuerySet[ApiCall]":
    """The calls that fit, in no order. Inside the scope."""
    found = Q()
    if wanted.status.endswith("xx"):
        first = int(wanted.status[0]) * 100
        found &= Q(status__gte=first, status__lt=first + 100)
    elif wanted.status:
        found &= Q(status=int(wanted.status))
    if wanted.path:
        found &= Q(path__icontains=wanted.path)
    if wanted.connection_id:
        found &= Q(connection_id=wanted.connection_id)
    if wanted.request_id:
        found &= Q(request_id=wanted.request_id)
    if wanted.log_type:
        found &= Q(log_type=wanted.log_type)
    if wanted.method:
        found &= Q(method=wanted.method)
    if wanted.after:
        found &= Q(called_at__gt=wanted.after)
    if wanted.before:
        found &= Q(called_at__lt=wanted.before)
    return ApiCall.objects.filter(found)
