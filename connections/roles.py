"""What a person may do in a workspace, by role. Pure."""

from typing import Final

ACTIONS: Final[dict[str, frozenset[str]]] = {
    "bring an application": frozenset({"owner", "admin"}),
    "view": frozenset({"owner", "admin", "marketer", "developer", "viewer"}),
    "connect": frozenset({"owner", "admin", "marketer"}),
    "map": frozenset({"owner", "admin", "marketer"}),
    "import": frozenset({"owner", "admin", "marketer"}),
    "run": frozenset({"owner", "admin", "marketer", "developer"}),
}


def may(role: str, action: str) -> bool:
    """Whether this role allows the action; an unknown action is allowed to nobody."""
    return role in ACTIONS.get(action, frozenset())


def who_may(action: str) -> str:
    """The roles that allow it, as words for the page that refuses."""
    order = [role for role in ("owner", "admin", "marketer", "developer") if may(role, action)]
    return ", ".join(order[:-1]) + (" or " if len(order) > 1 else "") + order[-1] if order else "nobody"
