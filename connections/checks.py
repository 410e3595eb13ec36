"""System checks: what must be true before Patchbay may run."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from connections import environments, provisioning, vault


@register()
def key_ring_is_usable(**kwargs: Any) -> list[CheckMessage]:
    """The key ring parses."""
    try:
        vault.parse_ring(settings.ENV.SECRETS_KEYS.get_secret_value())
    except ImproperlyConfigured as error:
        return [Error(str(error), id="patchbay.E001")]
    return []


@register(deploy=True)
def roles_are_separate(**kwargs: Any) -> list[CheckMessage]:
    """The application must not be able to do what its operators and its owner can."""
    users = {alias: settings.DATABASES[alias].get("USER") for alias in ("default", "operator", "owner")}
    if settings.DATABASE_CONFIGURED and len(set(users.values())) < 3:
        return [
            Error(
                "DATABASE_URL, DATABASE_OWNER_URL and DATABASE_OPERATOR_URL must name three different roles.",
                hint="README, Settings, shows the SQL that makes them.",
                id="patchbay.E002",
            )
        ]
    return []


@register(deploy=True)
def no_test_server_is_let_in(**kwargs: Any) -> list[CheckMessage]:
    """On a real deployment webhooks leave for public addresses only."""
    if not settings.ENV.EGRESS_ALLOW:
        return []
    return [
        Error(
            "EGRESS_ALLOW lets webhooks reach addresses that are not public.",
            hint="Take it out of the environment; it is for tests.",
            id="patchbay.E005",
        )
    ]


@register()
def environments_are_apart(**kwargs: Any) -> list[CheckMessage]:
    """The settings give live and test different providers."""
    fault = environments.settings_fault()
    return [Error(fault, id="patchbay.E003")] if fault else []


@register(Tags.database)
def applications_fit(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """No stored application leads out of its environment (`manage.py check --database operator`)."""
    if provisioning.OPERATOR not in (databases or []):
        return []
    return [Error(fault, id="patchbay.E004") for fault in provisioning.misplaced()]
