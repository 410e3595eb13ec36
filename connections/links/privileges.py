"""Which of the provider's three roles a person has, told from their privileges. Pure.

The API names no role; the guide ties each to its privileges: an owner may change the account, a manager may
change contacts, a campaign creator neither (api_guide/user_privileges.html).
"""

from collections.abc import Iterable


def role_of(privileges: Iterable[str]) -> str:
    """`Account owner`, `Account manager` or `Campaign creator`."""
    names = set(privileges)
    if "account:update" in names:
        return "Account owner"
    if "contacts:write" in names:
        return "Account manager"
    return "Campaign creator"
