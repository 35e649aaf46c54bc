"""Application configuration of the people room."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "spean.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        from spean.people import actions  # noqa: F401
