"""Fills a workspace so that every table below it holds rows, each text marked as this workspace's own.

What the product's functions make is made by them; every other tenant table gets a row from its fields, so that
a new table is furnished, and tested, from the day it is added.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.db import models

from connections import audit
from connections.models import ApiCall, ApiKey, Connection, Invitation, Membership, QuotaPool, Tenant, Ticket
from connections.scoping import Scope
from mapping import editing
from mapping.editing import FieldChoice, ListChoice
from mapping.models import AppField, RemoteField, RemoteList
from syncjobs.imports import plans, uploads
from syncjobs.models import ImportRow, SyncJob, Upload, Webhook, WebhookDelivery
from tests.world import World

FILE = "Email,First name,Plan,Lists\r\n{0}-ann@people.example,{0}-Ann,team,{0}-list\r\n{0}-bad,Bo,free,{0}-list\r\n"


class Two:
    """Two furnished workspaces: ours is the owner's, theirs the stranger's."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ours = furnish(world, world.owner, "alpha-marker")
        self.theirs = furnish(world, world.stranger, "omega-marker")
        self.scope = world.scope(world.owner)
        self.foreign = world.scope(world.stranger)


def tenant_models() -> list[type[models.Model]]:
    """Every model whose rows belong to a workspace, the workspace itself included."""
    return [model for model in apps.get_models() if model is Tenant or _has_tenant(model)]


def _has_tenant(model: type[models.Model]) -> bool:
    return any(
        isinstance(field, models.ForeignKey) and field.related_model is Tenant for field in model._meta.fields
    )


def furnish(world: World, user: Any, marker: str, kind: str = "test") -> dict[str, Any]:
    """Fill one of this person's environments; answers the ids that addresses name."""
    connection = world.connection(user, name=f"{marker}-account", kind=kind)
    scope = world.scope(user, kind)
    audit.record("mail_tested", tenant_id=scope.tenant_id, environment=kind, about=f"{marker}-event")
    with scope.transaction():
        found = _import(scope, connection, marker)
        for model in _emptiest_first():
            mine = {"pk": scope.tenant_id} if model is Tenant else {"tenant_id": scope.tenant_id}
            if not model._default_manager.filter(**mine).exists():
                _make(model, scope, marker)
        # In a pool that nobody asks: one that waits unseen is dropped by whoever looks next.
        idle = QuotaPool.objects.using("operator").create(name=f"~ {marker}")
        Ticket.objects.filter(environment_id=scope.environment_id).update(pool_id=idle.pk)
        people = {
            "member_id": Membership.objects.order_by("-created_at")[0].pk,
            "invitation_id": Invitation.objects.all()[0].pk,
        }
        world.token(user, kind)
        people["key_id"] = ApiKey.objects.all()[0].pk
        people["call_id"] = ApiCall.objects.all()[0].pk
        people["webhook_id"] = Webhook.objects.all()[0].pk
        ended = {"state": "failed", "last_error": f"{marker}-answer", "ended_at": datetime.now(UTC)}
        WebhookDelivery.objects.update(**ended)
        people["delivery_id"] = WebhookDelivery.objects.all()[0].event_id
    return {
        "workspace_id": scope.tenant_id,
        "connection_id": connection.pk,
        "app_id": connection.provider_app_id,
        **people,
        **found,
    }


def _import(scope: Scope, connection: Connection, marker: str) -> dict[str, Any]:
    """A mapping, a file and its job, with one row that was rejected."""
    place = {"tenant_id": scope.tenant_id, "environment_id": scope.environment_id, "connection": connection}
    now = datetime.now(UTC)
    RemoteList.objects.create(**place, list_id=uuid.uuid4(), name=f"{marker}-there", read_at=now)
    RemoteField.objects.create(
        **place,
        custom_field_id=uuid.uuid4(),
        label=f"{marker}-field",
        name="plan",
        type="string",
        read_at=now,
    )
    content = FILE.format(marker).encode()
    upload: Upload = uploads.store_stream(scope.user, connection, f"{marker}.csv", [content], "auto")
    fields = editing.declare(connection, uploads.facts(upload).header)
    choices = ["standard:email", "standard:first_name", "new", "lists"]
    editing.save_fields(
        connection,
        [FieldChoice(field.pk, choice, field.name) for field, choice in zip(fields, choices, strict=True)],
    )
    editing.save_lists(connection, [ListChoice(f"{marker}-list", "new", f"{marker}-list")])
    job: SyncJob = plans.start(connection, upload, everyone=[], user=scope.user)
    SyncJob.objects.filter(pk=job.pk).update(state=SyncJob.State.ATTENTION, accepted=1, rejected=1)
    ImportRow.objects.create(
        tenant_id=scope.tenant_id,
        environment_id=scope.environment_id,
        job=job,
        line=3,
        email=f"{marker}-bad",
        outcome="rejected",
        reason="bad_email",
        detail=f"{marker}-detail",
    )
    return {
        "upload_id": upload.pk,
        "job_id": job.pk,
        "row": AppField.objects.filter(connection=connection)[0].pk,
    }


def _emptiest_first() -> Iterator[type[models.Model]]:
    """Tenant models, each after those that it points to."""
    waiting = tenant_models()
    done: set[Any] = set()
    while waiting:
        ready = [
            model
            for model in waiting
            if not {one for one in _targets(model) if one in waiting} - done - {model}
        ]
        assert ready, f"these point at each other: {waiting}"
        yield from ready
        done.update(ready)
        waiting = [model for model in waiting if model not in done]


def _targets(model: type[models.Model]) -> set[Any]:
    return {field.related_model for field in model._meta.fields if isinstance(field, models.ForeignKey)}


def _make(model: type[models.Model], scope: Scope, marker: str) -> None:
    values: dict[str, Any] = {}
    for field in model._meta.fields:
        if field.name == "tenant":
            values["tenant_id"] = scope.tenant_id
        elif field.name == "environment":
            values["environment_id"] = scope.environment_id
        elif not (
            field.has_default()
            or field.null
            or field.blank
            or field.primary_key
            or getattr(field, "auto_now_add", False)
        ):
            values[field.name] = _value(field, marker)
    for field in model._meta.fields:
        if field.name in {"connection", "job"} and isinstance(field, models.OneToOneField):
            values[field.name] = field.related_model._default_manager.first()
    model._default_manager.create(**values)


def _value(field: Any, marker: str) -> Any:
    if isinstance(field, models.ForeignKey):
        return field.related_model._default_manager.first()
    if field.choices:
        return field.choices[0][0]
    simple: dict[type, Any] = {
        models.BinaryField: f"{marker}-{field.name}".encode()[: field.max_length],
        models.UUIDField: uuid.uuid4(),
        models.DateTimeField: datetime.now(UTC),
        models.DateField: datetime.now(UTC).date(),
        models.JSONField: [f"{marker}-{field.name}"],
        models.BooleanField: False,
    }
    for kind, value in simple.items():
        if isinstance(field, kind):
            return value
    if isinstance(field, models.URLField):
        return f"https://{marker}.example.test/"
    if isinstance(field, models.CharField | models.TextField):
        return f"{marker}-{field.name}"[: field.max_length or 200]
    return 1
