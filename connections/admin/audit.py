"""The operators' page of the audit: every chain, the deployment's too. To be read; nothing in it can be changed."""

from django.contrib import admin
from django.db.models import Q

from connections.admin.pages import OneOf, OperatorPages
from connections.audit.words import GROUPS, changes, sentence
from connections.models import AuditEvent, Tenant


class ByGroup(OneOf):
    """What kind of act."""

    title = "what"
    parameter_name = "what"
    choices_of = {key: (title, Q(action__in=list(acts))) for key, (title, acts) in GROUPS.items()}


class ByChain(OneOf):
    """The deployment's own events, or the workspaces'."""

    title = "whose"
    parameter_name = "whose"
    choices_of = {
        "deployment": ("the deployment", Q(tenant_id=None)),
        "workspaces": ("workspaces", Q(tenant_id__isnull=False)),
    }


@admin.register(AuditEvent)
class AuditEventPages(OperatorPages):
    """Who did what, when and from where, newest first."""

    list_display = ("at", "what", "chain", "environment", "origin", "seq")
    list_filter = (ByChain, ByGroup)
    # Only the order of the ids has an index that serves a table of millions.
    sortable_by = ()
    search_fields = ("=action",)
    search_help_text = "The id of a workspace; or an act's name, such as sign_in_failed."
    id_search = ("tenant_id",)
    joined = ("tenant",)
    # They serve the check of the chain and nobody who reads.
    unloaded = ("salt", "digest")
    fieldsets = (
        (None, {"fields": ("what", "at", "chain", "environment", "origin")}),
        ("What changed", {"fields": ("changed", "dropped_at")}),
        ("Chain", {"fields": ("seq", "action", "hash_shown")}),
    )

    @admin.display(description="what")
    def what(self, row: AuditEvent) -> str:
        """As a sentence."""
        return sentence(row.action, row.detail)

    @admin.display(description="whose")
    def chain(self, row: AuditEvent) -> str:
        """The workspace's name, its id once it is gone, or the deployment."""
        if row.tenant_id is None:
            return "The deployment"
        try:
            return str(row.tenant)
        except Tenant.DoesNotExist:
            return f"Former workspace {row.tenant_id}"

    @admin.display(description="environment")
    def environment(self, row: AuditEvent) -> str:
        """Test, Live or a dash for both."""
        return row.environment_kind.capitalize() or "–"

    @admin.display(description="from")
    def origin(self, row: AuditEvent) -> str:
        """The address it came from."""
        return str((row.detail or {}).get("from", "")) or "–"

    @admin.display(description="changed")
    def changed(self, row: AuditEvent) -> str:
        """Before and after, value by value."""
        lines = [f"{what}: {before or '–'} → {after or '–'}" for what, before, after in changes(row.detail)]
        return "; ".join(lines) or "–"

    @admin.display(description="hash")
    def hash_shown(self, row: AuditEvent) -> str:
        """Of this event and all before it."""
        return bytes(row.hash).hex()
