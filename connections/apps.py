"""The app of the ground floor."""

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    """Tenants, links, tokens, quota, gateway."""

    name = "connections"
    verbose_name = "Accounts and quota"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and let the audit hear of signing in."""
        from connections import checks  # noqa: F401  # importing registers the checks
        from connections.audit import signals  # importing registers the checks

        signals.connect()
