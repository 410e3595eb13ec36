"""The audit: who did what, when, from where, with old and new values, in rows that nobody changes.

    audit.record("role_changed", request=request, tenant_id=..., about=..., old={"role": ...}, new={"role": ...})

One chain a workspace, and one for the deployment (`tenant_id=None`): signing in belongs to a person and not to a
workspace, so it goes there. The database function `audit_append` alone adds rows; each carries the hash of the one
before it (`chaining`), over a salted digest of the personal part, so that `forget_person` and `tidy` can drop that
part and the chain still holds. Secrets never enter (`masking`).
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models.functions import Cast
from django.http import HttpRequest

from connections import portions, tenancy
from connections.audit import masking
from connections.audit.words import ACTIONS
from connections.models import AuditEvent, User

__all__ = ["ACTIONS", "forget_person", "record", "tidy"]

OPERATOR = "operator"
Value = UUID | str | bytes | float | None


def record(  # noqa: PLR0913  # who, where, what about, before and after: all named
    action: str,
    *,
    request: HttpRequest | None = None,
    tenant_id: UUID | None = None,
    environment: str = "",
    user: User | None = None,
    about: str = "",
    old: Mapping[str, object] | None = None,
    new: Mapping[str, object] | None = None,
    once: timedelta | None = None,
) -> None:
    """Add an event, in the caller's transaction: it is kept if and only if the act is.

    Call it as the last thing of a transaction: the head of the chain stays locked until that ends, and everybody
    else who adds to the chain waits. Where no transaction is open it commits by itself, which is how a refused act
    is kept.

    Args:
        action: one of ACTIONS.
        request: gives who acts and from where; without it and without a user it was Patchbay itself.
        tenant_id: the workspace whose audit it is; its context may be open or not. None: the deployment's.
        environment: `test` or `live` where the act was in one; empty for the workspace as a whole.
        user: who acts, where the request does not know (yet, or any more).
        about: what it was done to, as a person would name it: an address, a name, a path (whose keys are masked).
        old: values before, by name. Secrets are masked by name and by kind.
        new: values after.
        once: leave it out if the same person did the same to the same thing within this time.

    Raises:
        ValueError: an unknown action.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action} is not an act of audit.ACTIONS")
    who = masking.acting(request, user)
    detail = {
        "who": who,
        "from": masking.address(request),
        "about": masking.path(about) if about.startswith("/") else masking.clean(about),
        "old": masking.clean(old or {}),
        "new": masking.clean(new or {}),
    }
    same = {name: detail[name] for name in ("who", "from", "about")}
    values = (
        tenant_id,
        action,
        environment,
        os.urandom(16),
        masking.canonical(detail),
        once.total_seconds() if once is not None else None,
        masking.canonical(same),
    )
    open_now = tenancy.current()
    if tenant_id is None or (open_now is not None and open_now.tenant_id == tenant_id):
        _append(values)
    else:
        with tenancy.acting_for(tenant_id):
            _append(values)


def _append(values: Sequence[Value]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_append(%s, %s, %s, %s, %s, make_interval(secs => %s::double precision), %s::jsonb)",
            values,
        )


def forget_person(user_id: object, *, addresses: Iterable[str] = ()) -> int:
    """Drop the detail of every event of this person or about them, in every chain; answers how many.

    The chains still verify. Call it while the person's row is still there: its address and name are looked for too.

    Args:
        user_id: whose.
        addresses: e-mail addresses the person had besides the present one.
    """
    person = User.objects.using(OPERATOR).filter(pk=str(user_id)).first()
    marks = {one.strip() for one in addresses}
    if person is not None:
        marks |= {person.email}
    wanted = models.Q(detail__who__kind="person", detail__who__id=str(user_id))
    for mark in filter(None, marks):
        wanted |= models.Q(words__iregex=rf"(?<![\w.%+-]){re.escape(mark)}(?![\w-]|\.\w)")
    if person is not None and person.name:
        wanted |= models.Q(detail__contains={"about": person.name})
    return _drop(wanted, datetime.now(UTC), "a person was forgotten")


def tidy(now: datetime) -> int:
    """Drop the details that are older than AUDIT_DETAIL_DAYS, in every chain; answers how many."""
    past = now - timedelta(days=settings.ENV.AUDIT_DETAIL_DAYS)
    return _drop(models.Q(at__lt=past), now, f"older than {settings.ENV.AUDIT_DETAIL_DAYS:,} days")


def _drop(wanted: models.Q, now: datetime, why: str) -> int:
    """Some thousand rows a transaction; that it was done is an event of its own."""
    rows = AuditEvent.objects.using(OPERATOR).annotate(words=Cast("detail", models.TextField()))

    def some(most: int) -> int:
        with transaction.atomic(using=OPERATOR):
            found = rows.filter(wanted, dropped_at=None).order_by("at").values_list("pk", flat=True)[:most]
            kept = AuditEvent.objects.using(OPERATOR).filter(pk__in=list(found), dropped_at=None)
            return kept.update(detail=None, salt=None, dropped_at=now)

    total = portions.drop(some)
    if total:
        record("details_dropped", about=why, new={"events": total})
    return total
