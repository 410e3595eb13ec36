"""Rows of the ground floor: people and workspaces, links, and the ledger of provider calls."""

from connections.models.audit import AuditEvent, AuditHead
from connections.models.facts import ProviderFact
from connections.models.ledger import (
    ProviderCall,
    QuotaDay,
    QuotaHour,
    QuotaPool,
    QuotaShare,
    QuotaSlot,
    QuotaUse,
    Ticket,
)
from connections.models.links import (
    AccountCalls,
    Connection,
    ConnectionToken,
    LinkState,
    LinkToken,
    ProviderApp,
)
from connections.models.mail import Message
from connections.models.people import User
from connections.models.programs import ApiCall, IdempotentReply
from connections.models.tenants import (
    ApiKey,
    Environment,
    EnvironmentRow,
    Invitation,
    Membership,
    Tenant,
)

__all__ = [
    "AccountCalls",
    "ApiCall",
    "ApiKey",
    "AuditEvent",
    "AuditHead",
    "Connection",
    "ConnectionToken",
    "Environment",
    "EnvironmentRow",
    "IdempotentReply",
    "Invitation",
    "LinkState",
    "LinkToken",
    "Membership",
    "Message",
    "ProviderApp",
    "ProviderCall",
    "ProviderFact",
    "QuotaDay",
    "QuotaHour",
    "QuotaPool",
    "QuotaShare",
    "QuotaSlot",
    "QuotaUse",
    "Tenant",
    "Ticket",
    "User",
]
