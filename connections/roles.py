"""What a person may do in a workspace, by role; and both in sentences. Pure."""

from typing import Final

ROLES: Final[dict[str, str]] = {
    "owner": "May do everything, and alone decides who owns the workspace.",
    "admin": "Runs the workspace: people, applications, tokens, the audit, and all that the others do.",
    "marketer": "Connects accounts, decides what goes where, and imports people.",
    "developer": "Makes API tokens, which do whatever their scopes name, and stops or repeats jobs.",
    "viewer": "Sees everything that happens, and changes nothing.",
}
ACTIONS: Final[dict[str, frozenset[str]]] = {
    "view": frozenset({"owner", "admin", "marketer", "developer", "viewer"}),
    "connect": frozenset({"owner", "admin", "marketer"}),
    "map": frozenset({"owner", "admin", "marketer"}),
    "import": frozenset({"owner", "admin", "marketer"}),
    "run": frozenset({"owner", "admin", "marketer", "developer"}),
    "manage API tokens": frozenset({"owner", "admin", "developer"}),
    "take the set-up live": frozenset({"owner", "admin"}),
    "decide on consent": frozenset({"owner", "admin"}),
    "bring an application": frozenset({"owner", "admin"}),
    "manage people": frozenset({"owner", "admin"}),
    "see the audit": frozenset({"owner", "admin"}),
    "change the workspace": frozenset({"owner", "admin"}),
    "transfer ownership": frozenset({"owner"}),
}
SENTENCES: Final[dict[str, str]] = {
    "view": "See accounts, mapping, jobs and their outcomes, the team, and where tokens are in use",
    "connect": "Connect, reconnect, pause and remove Constant Contact accounts",
    "map": "Decide which fields and lists correspond",
    "import": "Upload a file and import people",
    "run": "Stop and repeat jobs",
    "manage API tokens": (
        "Create, rotate and revoke API tokens, set where links may send people back to, send webhook events again. "
        "A token does whatever its scopes name, whoever made it, also what this table gives to others"
    ),
    "take the set-up live": "Take what was set up in test to the live environment",
    "decide on consent": "Record on what basis an account may write to new people",
    "bring an application": "Bring the workspace's own Constant Contact application",
    "manage people": "Invite people, change their roles and remove them, owners apart",
    "see the audit": "Read and export the audit",
    "change the workspace": "Rename the workspace",
    "transfer ownership": "Make somebody an owner, and change or remove owners",
}


def may(role: str, action: str) -> bool:
    """Whether this role allows the action; an unknown action is allowed to nobody."""
    return role in ACTIONS.get(action, frozenset())


def who_may(action: str) -> str:
    """The roles that allow it, as words for the page that refuses."""
    order = [role for role in ("owner", "admin", "marketer", "developer") if may(role, action)]
    return ", ".join(order[:-1]) + (" or " if len(order) > 1 else "") + order[-1] if order else "nobody"


def why_not(role: str, action: str) -> str:
    """Why a control of a page is not for this role, and who to ask; empty where it is."""
    if may(role, action):
        return ""
    article = "an" if role[:1] in "aeiou" else "a"
    return f"You are {article} {role} here; ask an {who_may(action)}."
