"""Application configuration of the detection room."""

from django.apps import AppConfig


class DetectionConfig(AppConfig):
    name = "spean.detection"
    label = "detection"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        from spean.detection import actions  # noqa: F401
