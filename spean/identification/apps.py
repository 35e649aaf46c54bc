"""Application configuration of the identification room."""

from django.apps import AppConfig


class IdentificationConfig(AppConfig):
    name = "spean.identification"
    label = "identification"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        from spean.identification import actions  # noqa: F401
