"""Rows of the ground floor: people and workspaces, links, and the ledger of provider calls."""

from connections.models.ledger import ProviderCall, QuotaDay, QuotaPool, QuotaSlot
from connections.models.links import Connection, ConnectionToken, LinkState, ProviderApp
from connections.models.people import User
from connections.models.tenants import ApiKey, Environment, EnvironmentRow, Membership, Tenant

__all__ = [
    "ApiKey",
    "Connection",
    "ConnectionToken",
    "Environment",
    "EnvironmentRow",
    "LinkState",
    "Membership",
    "ProviderApp",
    "ProviderCall",
    "QuotaDay",
    "QuotaPool",
    "QuotaSlot",
    "Tenant",
    "User",
]
