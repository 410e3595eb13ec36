"""Operators' pages of the ground floor, by subject: workspaces and people, links, the ledger of calls."""

from connections.admin import ledger, links, tenants

__all__ = ["ledger", "links", "tenants"]
