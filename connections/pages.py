"""What every page's frame needs: where one is, in which environment, and the way to the neighbours."""

from typing import Any, Final

from django.urls import reverse

from connections import roles, tenancy
from connections.models import User
from connections.scoping import Scope

MENU: Final = (
    ("Home", "workspace-home"),
    ("Accounts", "connections"),
    ("Mapping", "mapping-home"),
    ("Automations", "automations"),
    ("Developers", "developers"),
    ("Settings", "settings-home"),
)


def inside(
    scope: Scope, title: str, *, crumbs: list[tuple[str, str]] | None = None, here: str = ""
) -> dict[str, Any]:
    """The frame of a page inside a workspace.

    Args:
        scope: where the page belongs.
        title: its heading.
        crumbs: (label, address) of the pages above it, outermost first.
        here: the entry of the menu that is current.
    """
    place = [scope.tenant_id, scope.environment]
    entries = [(label, reverse(name, args=place)) for label, name in MENU]
    other = "live" if scope.environment == "test" else "test"
    section = dict(MENU).get(here, "workspace-home")
    return {
        "page_title": title,
        "crumbs": [{"label": label, "url": url} for label, url in crumbs or []],
        "scope": {
            "workspace_name": scope.workspace_name,
            "workspace_url": reverse("workspace-home", args=place),
            "environment": scope.environment,
            "switch_url": reverse("home") if scope.user and _has_several(scope.user) else "",
            "nav_items": [{"label": label, "url": url, "current": label == here} for label, url in entries],
        },
        "place": {"workspace_id": scope.tenant_id, "environment": scope.environment},
        "may": {
            action.replace(" ", "_").replace("-", "_").lower(): scope.may(action) for action in roles.ACTIONS
        },
        "other_environment": {
            "label": other,
            "url": reverse(section, args=[scope.tenant_id, other]),
        },
        "help_url": reverse("docs"),
    }


def _has_several(user: User) -> bool:
    """Whether there is another workspace to go to."""
    return len(tenancy.find("find_memberships", user.pk)) > 1


def plain(title: str) -> dict[str, Any]:
    """The frame of a page outside any workspace."""
    return {"page_title": title, "help_url": reverse("docs")}
