"""Application configuration of the oversight room."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "spean.oversight"
    label = "oversight"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        from spean.oversight import actions  # noqa: F401
