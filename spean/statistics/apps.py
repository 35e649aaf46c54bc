"""Application configuration of the statistics room."""

from django.apps import AppConfig


class StatisticsConfig(AppConfig):
    name = "spean.statistics"
    label = "statistics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        from spean.statistics import actions  # noqa: F401
