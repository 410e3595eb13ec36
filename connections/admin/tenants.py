"""Operators' pages of workspaces, people and API tokens. No password, no digest."""

from datetime import UTC, datetime

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from connections.admin.pages import (
    ByEnvironment,
    FactsTable,
    InEnvironment,
    InWorkspace,
    OperatorPages,
    Rows,
    count_of,
    found_in,
    kind_word,
    state_word,
)
from connections.models import ApiKey, Connection, Environment, Membership, Tenant, User


class PeopleOfTenant(FactsTable):
    """Who is in the workspace."""

    model = Membership
    verbose_name_plural = "people"
    fields = ("user", "role", "created_at")

    def get_queryset(self, request: HttpRequest) -> Rows:
        """With the person's address, not their password."""
        return super().get_queryset(request).select_related("user").defer("user__password")


class EnvironmentsOfTenant(FactsTable):
    """Its two environments, each with its accounts."""

    model = Environment
    fields = ("kind_word", "id", "connections")

    def get_queryset(self, request: HttpRequest) -> Rows:
        """With the number of linked accounts."""
        rows: Rows = super().get_queryset(request)
        counted: Rows = rows.annotate(linked=count_of(Connection.objects.all(), "environment"))
        return counted

    @admin.display(description="environment")
    def kind_word(self, row: Environment) -> SafeString:
        """Test or Live."""
        return kind_word(row.kind)

    @admin.display(description="connections")
    def connections(self, row: Environment) -> int:
        """Linked accounts."""
        return int(row.linked)  # type: ignore[attr-defined]  # annotated


@admin.register(Tenant)
class TenantPages(OperatorPages):
    """Workspaces: who is in them, what they have linked."""

    list_display = ("name", "environments", "people", "connections", "created_at")
    search_fields = ("name", "memberships__user__email")
    fieldsets = ((None, {"fields": ("name", "id", "created_at", "connections", "more")}),)
    inlines = (EnvironmentsOfTenant, PeopleOfTenant)

    def get_queryset(self, request: HttpRequest) -> Rows:
        """With both counts in the same query."""
        rows: Rows = super().get_queryset(request).prefetch_related("environments")
        counted: Rows = rows.annotate(
            people_count=count_of(Membership.objects.all(), "tenant"),
            connection_count=count_of(Connection.objects.all(), "tenant"),
        )
        return counted

    @admin.display(description="environments")
    def environments(self, row: Tenant) -> SafeString:
        """Their words."""
        return format_html_join(" ", "{}", ((kind_word(one.kind),) for one in row.environments.all()))

    @admin.display(description="people", ordering="people_count")
    def people(self, row: Tenant) -> int:
        """How many."""
        return int(row.people_count)  # type: ignore[attr-defined]  # annotated

    @admin.display(description="connections", ordering="connection_count")
    def connections(self, row: Tenant) -> int:
        """Linked accounts in both environments."""
        return int(row.connection_count)  # type: ignore[attr-defined]  # annotated

    @admin.display(description="see also")
    def more(self, row: Tenant) -> SafeString:
        """Lists of what belongs to it."""
        pages = {"connection": "Connections", "providercall": "Provider calls", "apikey": "API tokens"}
        links = ((found_in(f"connections_{page}", row.pk, words),) for page, words in pages.items())
        return format_html_join(" · ", "{}", links)


class WorkspacesOfUser(InWorkspace, FactsTable):
    """Where the person belongs."""

    model = Membership
    verbose_name_plural = "workspaces"
    fields = ("workspace", "role", "created_at")

    def get_queryset(self, request: HttpRequest) -> Rows:
        """With the workspaces' names; each row also names its person."""
        return super().get_queryset(request).select_related("tenant", "user").defer("user__password")


@admin.register(User)
class UserPages(OperatorPages):
    """People who sign in. `manage.py createsuperuser` says who may enter here, not another operator."""

    list_display = ("email", "name", "workspaces", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name")
    id_search = ("memberships__tenant_id",)
    unloaded = ("password",)
    fieldsets = ((None, {"fields": ("email", "name", "is_staff", "is_active", "date_joined", "last_login")}),)
    inlines = (WorkspacesOfUser,)

    def get_queryset(self, request: HttpRequest) -> Rows:
        """With the workspaces of all shown people in one more query."""
        return (
            super()
            .get_queryset(request)
            .prefetch_related(Prefetch("memberships", Membership.objects.select_related("tenant")))
        )

    @admin.display(description="workspaces")
    def workspaces(self, row: User) -> str:
        """Their names."""
        return ", ".join(membership.tenant.name for membership in row.memberships.all()) or "–"


@admin.register(ApiKey)
class ApiKeyPages(InEnvironment, OperatorPages):
    """API tokens, known by their public prefix."""

    list_display = (
        "prefix",
        "name",
        "state",
        "workspace",
        "environment_word",
        "created_at",
        "expires_at",
        "last_used_at",
    )
    joined = ("tenant", "environment")
    list_filter = (
        ByEnvironment,
        ("revoked_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("prefix", "name", "tenant__name")
    id_search = ("id", "tenant_id")
    unloaded = ("digest",)
    fieldsets = (
        (None, {"fields": ("prefix", "name", "state", "workspace", "environment_word", "id")}),
        ("Dates", {"fields": ("created_at", "expires_at", "revoked_at", "last_used_at")}),
    )

    @admin.display(description="state")
    def state(self, row: ApiKey) -> SafeString:
        """Whether it opens anything now."""
        if row.revoked_at is not None:
            return state_word("Revoked", "stopped")
        if row.expires_at is not None and row.expires_at <= datetime.now(UTC):
            return state_word("Expired", "late")
        return state_word("Working", "working")
