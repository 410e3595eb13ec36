"""Constant Contact applications, linked accounts, their sealed tokens, and links that are under way."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from connections.models.ledger import QuotaPool
from connections.models.tenants import Environment, EnvironmentRow, Tenant
from connections.tenancy import RowSecurity, in_environment, unique_within_tenant


class ProviderApp(models.Model):
    """A Constant Contact application: its id and sealed secret, its endpoints, its pool.

    Without a tenant it is the deployment's own and serves every workspace; a tenant may bring another.
    """

    class Flow(models.TextChoices):
        """How the application was registered."""

        CODE = "code", "Authorization code"
        PKCE = "pkce", "Authorization code with PKCE"

    class RefreshTokens(models.TextChoices):
        """Which kind of refresh token the application gets."""

        ROTATING = "rotating", "Rotating"
        LONG_LIVED = "long_lived", "Long lived"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=4, choices=Environment.Kind.choices)
    pool = models.ForeignKey(QuotaPool, on_delete=models.PROTECT, related_name="apps")
    name = models.CharField(max_length=80)
    client_id = models.CharField(max_length=100)
    client_secret_sealed = models.TextField(blank=True, editable=False)
    flow = models.CharField(max_length=4, choices=Flow.choices, default=Flow.CODE)
    refresh_tokens = models.CharField(
        max_length=10, choices=RefreshTokens.choices, default=RefreshTokens.ROTATING
    )
    scopes = models.CharField(max_length=200, default="account_read contact_data offline_access")
    authorize_url = models.URLField(max_length=300)
    token_url = models.URLField(max_length=300)
    revoke_url = models.URLField(max_length=300, blank=True)
    api_url = models.URLField(max_length=300)
    # A partner's key: its calls are a partner's, for `/v3/partner/`, with a token of its own and the API key that each
    # bears; the client id and secret are the partner's.
    is_partner_key = models.BooleanField(default=False, db_default=False, editable=False)
    partner_key_sealed = models.TextField(blank=True, default="", db_default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "provider application"
        ordering = ["kind", "name"]
        constraints = [
            RowSecurity(name="providerapp_row_security", scope="shared"),
            models.UniqueConstraint(
                fields=["tenant", "kind", "client_id"], name="providerapp_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["test", "live"]), name="providerapp_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Connection(EnvironmentRow):
    """One linked Constant Contact account of a workspace."""

    class Status(models.TextChoices):
        """The words of the public API; `connections.health` says them to people."""

        CONNECTING = "connecting", "Connecting"
        ACTIVE = "active", "Active"
        NEEDS_REAUTH = "needs_reauth", "Needs reconnecting"
        VALIDATION_ERROR = "validation_error", "Refused"
        POST_INSTALL_ERROR = "post_install_error", "Not read to the end"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider_app = models.ForeignKey(ProviderApp, on_delete=models.PROTECT, related_name="+")
    customer_ref = models.CharField("customer reference", max_length=200, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.CONNECTING)
    last_error = models.CharField(max_length=300, blank=True)
    # What Constant Contact no longer allows although the grant lives; a reason of `access.Finding`.
    refusal = models.CharField(max_length=20, blank=True)
    # The last call that was forbidden: resource, method, missing_scopes, occurred_at.
    last_forbidden = models.JSONField(null=True, blank=True)
    # What the vendor keeps with the account: an object of its own, merged and never read by us.
    context = models.JSONField(default=dict, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    account_id = models.CharField("Constant Contact account", max_length=80)
    account_name = models.CharField(max_length=200, blank=True)
    account_email = models.CharField(max_length=254, blank=True)
    account_owner = models.CharField(max_length=200, blank=True)
    account_role = models.CharField(max_length=40, blank=True)
    privileges = models.JSONField(default=list)
    linked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    linked_at = models.DateTimeField(null=True, blank=True)
    # Moved by the database with every change that is more than bookkeeping, whichever statement makes it.
    updated_at = models.DateTimeField(auto_now_add=True)
    # The account has all the activities queued that it may; its bulk work waits until then.
    queue_full_until = models.DateTimeField(null=True, editable=False)
    # When its `token` was read along with it, by this process's monotonic clock; None: it was not.
    token_read_at: float | None = None

    class Meta:
        ordering = ["account_name", "id"]
        indexes = [
            models.Index("tenant", "environment", Lower("account_name"), "id", name="connection_by_name")
        ]
        constraints = [
            *in_environment("connection", findable=True),
            unique_within_tenant("connection"),
            models.UniqueConstraint(
                fields=["tenant", "environment", "account_id", "customer_ref"], name="connection_once"
            ),
        ]

    def __str__(self) -> str:
        return self.account_name or self.account_id


class ConnectionToken(EnvironmentRow):
    """The sealed tokens of one connection, in a row of their own so that a refresh locks nothing else.

    `due_at` is when the sweep looks at it: the keep-alive of an idle grant, the early renewal of one in use
    (`wanted_at`: first use of this token), or the next try. `asking`, `asks` and `asked_at` are the intent of a call
    to the token endpoint, committed before it leaves: `asks` counts those whose end nobody knows.
    """

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="token", db_constraint=False
    )
    access_sealed = models.TextField(editable=False)
    refresh_sealed = models.TextField(blank=True, editable=False)
    scope = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    refreshed_at = models.DateTimeField()
    failed_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=40, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    wanted_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    asking = models.UUIDField(null=True, blank=True, editable=False)
    asks = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="connectiontoken_due")]
        constraints = [
            *in_environment("connectiontoken", ("connection_id", "connections_connection"), findable=True)
        ]

    def __str__(self) -> str:
        return f"tokens of {self.connection_id}"


class AccountCalls(EnvironmentRow):
    """A program's calls about one connection in the running window; apart, so that counting locks nothing else."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    window_start = models.DateTimeField()
    window_calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [*in_environment("accountcalls", ("connection_id", "connections_connection"))]

    def __str__(self) -> str:
        return f"calls about {self.connection_id}"


class LinkToken(EnvironmentRow):
    """One-time permission to link one account for a customer: kept as a digest, bound to the first browser.

    `used_at` is when an account came of it; until then that browser may try again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.BinaryField(max_length=32, unique=True)
    customer_ref = models.CharField(max_length=200)
    reconnecting = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_constraint=False
    )
    # OAuth scopes, blanks between; empty: those of the application.
    scopes = models.CharField(max_length=200, blank=True)
    context = models.JSONField(default=dict, blank=True)
    keeps_context = models.BooleanField(default=True)
    redirect_uri = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    browser_digest = models.BinaryField(max_length=32, null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            *in_environment("linktoken", ("reconnecting_id", "connections_connection"), findable=True),
            unique_within_tenant("linktoken"),
        ]

    def __str__(self) -> str:
        return f"link for {self.customer_ref or self.reconnecting_id}"


class LinkState(EnvironmentRow):
    """A link that is under way: single use, hashed, short-lived, bound to browser, workspace, application.

    A grant that was brought from elsewhere is one, too: `digest` is then of its refresh token, and `grant_sealed`
    keeps the pair that took its place until an account is named by it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider_app = models.ForeignKey(ProviderApp, on_delete=models.CASCADE, related_name="+")
    reconnecting = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_constraint=False
    )
    link_token = models.ForeignKey(
        LinkToken, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_constraint=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    customer_ref = models.CharField(max_length=200, blank=True)
    # As in LinkToken.
    scopes = models.CharField(max_length=200, blank=True)
    context = models.JSONField(default=dict, blank=True)
    keeps_context = models.BooleanField(default=True)
    digest = models.BinaryField(max_length=32, unique=True)
    browser_digest = models.BinaryField(max_length=32)
    verifier_sealed = models.TextField(blank=True, editable=False)
    grant_sealed = models.TextField(blank=True, editable=False)
    redirect_uri = models.CharField(max_length=400)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=40, blank=True)
    found_account = models.CharField(max_length=300, blank=True)
    linked_connection_id = models.UUIDField(null=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            *in_environment(
                "linkstate",
                ("reconnecting_id", "connections_connection"),
                ("link_token_id", "connections_linktoken"),
                findable=True,
            ),
            unique_within_tenant("linkstate"),
        ]

    def __str__(self) -> str:
        return f"link started {self.created_at:%Y-%m-%d %H:%M}"
