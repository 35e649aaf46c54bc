"""Application configuration of the protection room."""

from django.apps import AppConfig


class ProtectionConfig(AppConfig):
    name = "spean.protection"
    label = "protection"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        from spean.protection import actions  # noqa: F401
