"""Workspaces, their two environments, the people in them and the keys of their programs."""

import uuid

from django.conf import settings
from django.db import models

from connections.models.mail import Message
from connections.tenancy import RowSecurity, SameTenant


class Tenant(models.Model):
    """Our customer, a SaaS vendor; people read `workspace`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "workspace"
        ordering = ["name", "id"]
        constraints = [RowSecurity(name="tenant_row_security", scope="self")]

    def __str__(self) -> str:
        return self.name


class Environment(models.Model):
    """Test or live, below a workspace; every row of a connection belongs to one."""

    class Kind(models.TextChoices):
        """Which of the two."""

        TEST = "test", "Test"
        LIVE = "live", "Live"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="environments")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    # Addresses that a link may send people back to, without query; nothing else is one.
    return_addresses = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["tenant_id", "kind"]
        constraints = [
            RowSecurity(name="environment_row_security", scope="tenant"),
            models.UniqueConstraint(fields=["tenant", "kind"], name="environment_one_of_a_kind"),
            models.UniqueConstraint(fields=["tenant", "id"], name="environment_within_tenant"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["test", "live"]), name="environment_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class EnvironmentRow(models.Model):
    """What every row below an environment carries. Its table adds `tenancy.in_environment` to its constraints."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )

    class Meta:
        abstract = True


class Membership(models.Model):
    """A person's role in a workspace."""

    class Role(models.TextChoices):
        """What a person may do; `connections.roles` says it in full."""

        OWNER = "owner", "Owner"
        ADMIN = "admin", "Admin"
        MARKETER = "marketer", "Marketer"
        DEVELOPER = "developer", "Developer"
        VIEWER = "viewer", "Viewer"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            RowSecurity(name="membership_row_security", scope="tenant", findable=True),
            models.UniqueConstraint(fields=["tenant", "user"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class Invitation(models.Model):
    """An address asked to join a workspace: by a link that is sent once, kept as a digest, and ends one way."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address", max_length=254)
    role = models.CharField(max_length=10, choices=Membership.Role.choices)
    digest = models.BinaryField(max_length=32, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            RowSecurity(name="invitation_row_security", scope="tenant", findable=True),
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=models.Q(accepted_at=None, declined_at=None, revoked_at=None),
                name="invitation_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"


class ApiKey(EnvironmentRow):
    """An API token of one environment: shown once, kept as a digest, found by its public prefix."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=24, unique=True)
    last_four = models.CharField(max_length=4, blank=True)
    digest = models.BinaryField(max_length=32)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(null=True, blank=True)
    last_used_for = models.CharField(max_length=120, blank=True)
    # Calls of the running window (`tokenlimit`).
    window_start = models.DateTimeField(null=True, editable=False)
    window_calls = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = "API token"
        ordering = ["-created_at", "id"]
        constraints = [
            RowSecurity(name="apikey_row_security", findable=True),
            SameTenant(
                name="apikey_same_environment",
                columns=("tenant_id", "environment_id"),
                table="connections_environment",
                targets=("tenant_id", "id"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"
