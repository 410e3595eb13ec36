"""What every page's frame needs: where one is, in which environment, and the way to the neighbours."""

from typing import Any

from django.urls import reverse

from connections import roles
from connections.scoping import Scope


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
    entries = [("Accounts", reverse("connections", args=place)), ("Jobs", reverse("jobs", args=place))]
    other = "live" if scope.environment == "test" else "test"
    return {
        "page_title": title,
        "crumbs": [{"label": label, "url": url} for label, url in crumbs or []],
        "scope": {
            "workspace_name": scope.workspace_name,
            "workspace_url": reverse("connections", args=place),
            "environment": scope.environment,
            "nav_items": [{"label": label, "url": url, "current": label == here} for label, url in entries],
        },
        "place": {"workspace_id": scope.tenant_id, "environment": scope.environment},
        "may": {action.replace(" ", "_"): scope.may(action) for action in roles.ACTIONS},
        "other_environment": {"label": other, "url": reverse("connections", args=[scope.tenant_id, other])},
        "help_url": reverse("help"),
    }


def plain(title: str) -> dict[str, Any]:
    """The frame of a page outside any workspace."""
    return {"page_title": title, "help_url": reverse("help")}
