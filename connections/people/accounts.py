"""Workspaces come into being: with their owner, and both environments from the start."""

from uuid import UUID, uuid4

from django.http import HttpRequest

from connections import audit, tenancy
from connections.models import Environment, Membership, ProviderApp, Tenant, User


def open_workspace(owner: User, name: str, *, request: HttpRequest | None = None) -> Tenant:
    """A workspace with its owner and its two environments, test and live; `request` is for the audit."""
    tenant_id = uuid4()
    with tenancy.acting_for(tenant_id):
        tenant = Tenant.objects.create(
            id=tenant_id, name=name.strip()[:120] or f"{owner.email}'s workspace"[:120]
        )
        Environment.objects.bulk_create(
            [Environment(tenant=tenant, kind=kind) for kind in (Environment.Kind.TEST, Environment.Kind.LIVE)]
        )
        Membership.objects.create(tenant=tenant, user=owner, role=Membership.Role.OWNER)
        audit.record("workspace_opened", request=request, tenant_id=tenant_id, user=owner, about=tenant.name)
    return tenant


def provider_app_for(tenant_id: UUID, kind: str) -> ProviderApp | None:
    """The application that links accounts here: the workspace's own, else the deployment's. Inside its scope."""
    apps = ProviderApp.objects.select_related("pool").filter(kind=kind, is_partner_key=False)
    return (
        apps.filter(tenant_id=tenant_id).order_by("-created_at").first() or apps.filter(tenant=None).first()
    )
