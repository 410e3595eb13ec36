"""Operators' pages of provider applications and linked accounts. No secret and no token, sealed or open."""

from django.contrib import admin
from django.db.models import Case, Value, When
from django.http import HttpRequest
from django.utils.safestring import SafeString

from connections import health
from connections.admin.pages import (
    ByEnvironment,
    InEnvironment,
    OperatorPages,
    Rows,
    count_of,
    fact,
    found_in,
    kind_word,
    state_word,
)
from connections.models import Connection, ConnectionToken, ProviderApp


@admin.register(ProviderApp)
class ProviderAppPages(OperatorPages):
    """Constant Contact applications. Their name and whose limits they carry may be changed, nothing else."""

    list_display = (
        "name",
        "environment_word",
        "served",
        "client_id",
        "has_secret",
        "flow",
        "pool",
        "connections",
    )
    joined = ("tenant", "pool")
    list_filter = ("kind", "flow")
    search_fields = ("name", "client_id", "tenant__name")
    id_search = ("id", "tenant_id", "pool_id")
    unloaded = ("client_secret_sealed", "partner_key_sealed")
    editable = ("name", "pool")
    fieldsets = (
        (None, {"fields": ("name", "pool", "environment_word", "served", "id", "created_at", "connections")}),
        ("Registration", {"fields": ("client_id", "has_secret", "flow", "refresh_tokens", "scopes")}),
        ("Addresses", {"fields": ("authorize_url", "token_url", "revoke_url", "api_url")}),
    )

    def get_queryset(self, request: HttpRequest) -> Rows:
        """With whether a secret is kept, and how many accounts are linked through it."""
        rows: Rows = super().get_queryset(request)
        counted: Rows = rows.annotate(
            secret_kept=Case(When(client_secret_sealed="", then=Value(False)), default=Value(True)),
            linked=count_of(Connection.objects.all(), "provider_app"),
        )
        return counted

    @admin.display(description="environment", ordering="kind")
    def environment_word(self, row: ProviderApp) -> SafeString:
        """Test or Live."""
        return kind_word(row.kind)

    @admin.display(description="serves", ordering="tenant__name")
    def served(self, row: ProviderApp) -> str:
        """One workspace, or all."""
        return row.tenant.name if row.tenant is not None else "every workspace"

    @admin.display(description="secret kept", boolean=True)
    def has_secret(self, row: ProviderApp) -> bool:
        """Whether there is one; never what it is."""
        return bool(row.secret_kept)  # type: ignore[attr-defined]  # annotated

    @admin.display(description="connections", ordering="linked")
    def connections(self, row: ProviderApp) -> int:
        """Accounts linked through it."""
        return int(row.linked)  # type: ignore[attr-defined]  # annotated


@admin.register(Connection)
class ConnectionPages(InEnvironment, OperatorPages):
    """Linked accounts: whose, how they are, what went wrong last."""

    list_display = (
        "account",
        "health",
        "workspace",
        "environment_word",
        "account_owner",
        "account_role",
        "last_error",
        "token_expires_at",
    )
    joined = ("tenant", "environment", "provider_app", "token", "linked_by")
    list_filter = ("status", ByEnvironment)
    search_fields = (
        "account_name",
        "account_id",
        "account_email",
        "account_owner",
        "customer_ref",
        "tenant__name",
    )
    id_search = ("id", "tenant_id", "environment_id", "provider_app_id")
    unloaded = (
        "token__access_sealed",
        "token__refresh_sealed",
        "provider_app__client_secret_sealed",
        "provider_app__partner_key_sealed",
        "linked_by__password",
    )
    fieldsets = (
        (None, {"fields": ("health", "explanation", "status", "last_error", "more")}),
        (
            "Linked account",
            {
                "fields": (
                    "account_name",
                    "account_id",
                    "account_email",
                    "account_owner",
                    "account_role",
                    "privileges",
                )
            },
        ),
        ("Place", {"fields": ("workspace", "environment_word", "customer_ref", "provider_app", "id")}),
        ("Link", {"fields": ("linked_by", "linked_at", "created_at")}),
        (
            "Tokens",
            {
                "fields": (
                    "token_version",
                    "token_expires_at",
                    "token_refreshed_at",
                    "token_failed_at",
                    "token_scope",
                )
            },
        ),
    )

    @admin.display(description="account", ordering="account_name")
    def account(self, row: Connection) -> str:
        """Its name, else its id at the provider."""
        return str(row)

    @admin.display(description="health", ordering="status")
    def health(self, row: Connection) -> SafeString:
        """The word people read."""
        found = health.of(row)
        return state_word(found.word, found.state)

    @admin.display(description="what it means")
    def explanation(self, row: Connection) -> str:
        """The sentence people read."""
        return health.of(row).sentence

    @admin.display(description="see also")
    def more(self, row: Connection) -> SafeString:
        """What it has sent."""
        return found_in("connections_providercall", row.pk, "Provider calls")

    @admin.display(description="token version")
    def token_version(self, row: Connection) -> str:
        """How often it was renewed."""
        return _token_fact(row, "version")

    @admin.display(description="token expires at", ordering="token__expires_at")
    def token_expires_at(self, row: Connection) -> str:
        """When the access token ends."""
        return _token_fact(row, "expires_at")

    @admin.display(description="token renewed at")
    def token_refreshed_at(self, row: Connection) -> str:
        """When it was last renewed."""
        return _token_fact(row, "refreshed_at")

    @admin.display(description="renewal failed at")
    def token_failed_at(self, row: Connection) -> str:
        """When a renewal last failed."""
        return _token_fact(row, "failed_at")

    @admin.display(description="token scope")
    def token_scope(self, row: Connection) -> str:
        """What it was granted for."""
        return _token_fact(row, "scope")


def _token_fact(row: Connection, name: str) -> str:
    """A fact about the tokens; a dash for a connection that has none yet."""
    try:
        return fact(getattr(row.token, name) or None)
    except ConnectionToken.DoesNotExist:
        return fact(None)
