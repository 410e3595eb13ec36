"""The workspace that a command's options name."""

from uuid import UUID

from django.core.management import CommandError

from connections import tenancy
from connections.models import Environment, Membership
from connections.scoping import Scope


def scope_of(workspace: str, environment: str) -> Scope:
    """One environment of a workspace, as its owner.

    Raises:
        CommandError: that is no id, or no workspace's.
    """
    try:
        tenant_id = UUID(workspace)
    except ValueError:
        raise CommandError("--workspace takes an id; it stands in the address of its pages.") from None
    with tenancy.acting_for(tenant_id):
        row = Environment.objects.select_related("tenant").filter(kind=environment).first()
    if row is None:
        raise CommandError(f"There is no workspace {tenant_id}.")
    return Scope(tenant_id, row.pk, environment, row.tenant.name, Membership.Role.OWNER)
