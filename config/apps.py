"""Which admin site Django shows: ours, that reads as the operators' role."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class PatchbayAdminConfig(admin_apps.AdminConfig):
    """Stock admin with the operators' site in it."""

    default = False
    default_site = "config.admin_site.OperatorSite"


class ConfigConfig(AppConfig):
    """Holds the commands of a whole deployment."""

    default = True
    name = "config"

    def ready(self) -> None:
        """Make our Celery the current one in every process: whoever writes a job rings its bell."""
        from config import celery  # noqa: F401  # importing makes it current
