"""Application configuration of the directory room."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "spean.directory"
    label = "directory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        from spean.directory import actions  # noqa: F401
