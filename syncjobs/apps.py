"""The app of the upper floor."""

from django.apps import AppConfig


class SyncJobsConfig(AppConfig):
    """Jobs, imports, and what follows when a connection changes."""

    name = "syncjobs"
    verbose_name = "Jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen for news from below; say what is sealed here."""
        from connections import rotation
        from syncjobs import receivers, webhooks  # noqa: F401  # importing receivers connects them

        rotation.also(*webhooks.SEALED)
