"""The app of the middle floor."""

from django.apps import AppConfig


class MappingConfig(AppConfig):
    """App fields, field and list maps, the provider's catalog."""

    name = "mapping"
    default_auto_field = "django.db.models.BigAutoField"
