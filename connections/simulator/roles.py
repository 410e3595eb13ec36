"""What each role of an account's users may do, and the refusals for a missing scope or privilege."""

from . import errors
from .call import Call

# Names of the published vocabulary; the numbers are ours, theirs are not published.
PRIVILEGES = {
    "account:read": 1001,
    "account:update": 1002,
    "contacts:read": 1101,
    "contacts:write": 1102,
    "contacts:lists:read": 1103,
    "contacts:lists:write": 1104,
    "campaign:read": 1201,
    "campaign:write": 1202,
    "campaign:create": 1203,
    "campaign:send": 1204,
    "campaign:delete": 1205,
    "ui:campaign:metrics": 1301,
    "customer-journey:read": 1401,
    "customer-journey:create": 1402,
    "customer-journey:update": 1403,
}
ROLES = {
    "owner": frozenset(PRIVILEGES),
    "manager": frozenset(PRIVILEGES) - {"account:update"},
    "creator": frozenset(
        {
            "account:read",
            "contacts:lists:read",
            "campaign:read",
            "campaign:write",
            "campaign:create",
        }
    ),
}
_NO_PRIVILEGE = "Request forbidden due to insufficient user privileges."
_NO_SCOPE = "Request forbidden due to insufficient scope."


def require(call: Call, scope: str | None, privilege: str | None) -> None:
    """Refuses a call whose token lacks the scope, or whose user the privilege."""
    if scope is not None and scope not in call.scopes:
        plain = call.switch("missing_scope_text") == "insufficient_scope"
        raise errors.forbidden(_NO_SCOPE if plain else _NO_PRIVILEGE)
    if privilege is not None and privilege.startswith("switch:"):
        privilege = str(call.switch(privilege.removeprefix("switch:")))
    if privilege is not None and privilege not in ROLES[call.user.role]:
        raise errors.forbidden(_NO_PRIVILEGE)
