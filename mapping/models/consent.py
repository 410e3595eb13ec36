"""On what basis an account writes to new people, and the ledger of what was decided for each person."""

import uuid

from django.db import models
from django.db.models.functions import Lower

from connections.models import Connection, Environment, EnvironmentRow, Tenant
from connections.tenancy import in_environment


class ConsentBasis(EnvironmentRow):
    """The ground on which new people of an account get implicit permission: words, who gave them, and when."""

    class Kind(models.TextChoices):
        """How these people are bound to the account's owner."""

        CUSTOMERS = "customers", "Customers, or people with a running contract"
        MEMBERS = "members", "Members of the organisation"
        DONORS = "donors", "Donors"
        OTHER = "other", "Something else, as the words say"

    connection = models.OneToOneField(
        Connection,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="consent_basis",
        db_constraint=False,
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    statement = models.CharField(max_length=500)
    given_by = models.CharField(max_length=300)
    given_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "consent bases"
        constraints = [*in_environment("consentbasis", ("connection_id", "connections_connection"))]

    def __str__(self) -> str:
        return self.get_kind_display()


class ConsentEntry(EnvironmentRow):
    """One decision about one person, written down before it is carried out. The application only adds rows.

    `call` is what was to be called, empty where nothing was; `permission` what it gives, empty where the one there is
    left alone. `evidence` holds source, at, text; `basis` kind, statement, given_by, given_at. `contact_id` is empty
    for a person who was new. `undoes` is the entry whose call was never sent, or refused by the provider. The ledger
    outlives the connection that it speaks of, so no key holds the two.
    """

    class Outcome(models.TextChoices):
        """What was decided."""

        SENT = "sent", "Sent"
        SKIPPED = "skipped", "Not written"
        REFUSED = "refused", "Refused at Constant Contact"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.DO_NOTHING, related_name="+")
    environment = models.ForeignKey(
        Environment, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    connection_id = models.UUIDField()
    contact_id = models.UUIDField(null=True, blank=True)
    email = models.CharField(max_length=320, blank=True)
    # Kept, because an index over lower() cannot be searched behind row-level security.
    email_key = models.GeneratedField(
        expression=Lower("email"), output_field=models.CharField(max_length=320), db_persist=True
    )
    call = models.CharField(max_length=12, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    reason = models.CharField(max_length=40, blank=True)
    permission = models.CharField(max_length=24, blank=True)
    opt_in_source = models.CharField(max_length=8, blank=True)
    will = models.CharField(max_length=16)
    evidence = models.JSONField(default=dict)
    basis = models.JSONField(default=dict)
    decided_by = models.CharField(max_length=300)
    at = models.DateTimeField(auto_now_add=True)
    undoes = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = "entry of the consent ledger"
        verbose_name_plural = "consent ledger"
        ordering = ["-at", "id"]
        indexes = [
            models.Index(
                fields=["tenant", "connection_id", "contact_id", "at"], name="consententry_by_contact"
            ),
            models.Index(
                fields=["tenant", "connection_id", "email_key", "at"],
                condition=models.Q(contact_id=None),
                name="consententry_of_new",
            ),
        ]
        constraints = [*in_environment("consententry")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.call}"
