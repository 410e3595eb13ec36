"""A linked account as programs see it; never its tokens."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ninja import Schema

from connections import health, scoping
from connections.api.contract import Envelope
from connections.links import returning
from connections.models import Connection

AUTHENTICATION: Final = "oauth2"


class Renewal(Schema):
    """How an account's grant is: `healthy`, `late` or `needs_reconnect`."""

    state: str
    until: datetime | None
    reason: str | None


class Integration(Schema):
    """What an account is one of."""

    name: str
    label: str
    category: str


class Forbidden(Schema):
    """The call that Constant Contact forbade last."""

    resource: str
    method: str
    missing_scopes: list[str]
    occurred_at: datetime


class IntegratedAccount(Schema):
    """A linked Constant Contact account."""

    id: UUID
    tenant_id: str
    environment_id: UUID
    environment_integration_id: UUID
    status: str
    is_sandbox: bool
    is_blocked: bool
    is_paused: bool
    authentication_method: str
    integration: Integration
    context: dict[str, Any]
    account_id: str
    account_name: str
    created_at: datetime
    updated_at: datetime
    linked_at: datetime | None
    last_error: str | None
    last_forbidden_error: Forbidden | None
    refusal: str | None
    renewal: Renewal
    region: None
    object_store_context_fields: None
    unified_model_override: None
    last_action_run_result: None


class AccountEnvelope(Envelope):
    """One account."""

    result: IntegratedAccount


class AccountsEnvelope(Envelope):
    """A page of accounts."""

    result: list[IntegratedAccount]


class Done(Schema):
    """It was done."""

    success: bool = True


class DoneEnvelope(Envelope):
    """What was asked for is done."""

    result: Done


class Removed(Schema):
    """An account that is gone."""

    id: UUID


class RemovedEnvelope(Envelope):
    """A removal."""

    result: Removed


def shown(row: Connection, scope: scoping.Scope) -> dict[str, Any]:
    """A connection in the public API's words; what is always null has no meaning here."""
    grant = health.grant_of(row)
    return {
        "id": row.pk,
        "tenant_id": row.customer_ref,
        "environment_id": row.environment_id,
        "environment_integration_id": row.provider_app_id,
        "status": row.status,
        "is_sandbox": scope.environment == "test",
        "is_blocked": row.paused_at is not None,
        "is_paused": row.paused_at is not None,
        "authentication_method": AUTHENTICATION,
        "integration": {
            "name": returning.INTEGRATION,
            "label": "Constant Contact",
            "category": "marketing-automation",
        },
        "context": row.context,
        "account_id": row.account_id,
        "account_name": row.account_name,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "linked_at": row.linked_at,
        "last_error": row.last_error or None,
        "last_forbidden_error": row.last_forbidden,
        "refusal": row.refusal or None,
        "renewal": {"state": grant.state, "until": grant.until, "reason": grant.reason or None},
        "region": None,
        "object_store_context_fields": None,
        "unified_model_override": None,
        "last_action_run_result": None,
    }
