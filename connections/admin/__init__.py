"""Operators' pages of the ground floor, by subject: workspaces and people, links, messages, the ledger of calls."""

from connections.admin import audit, ledger, links, mail, tenants

__all__ = ["audit", "ledger", "links", "mail", "tenants"]
