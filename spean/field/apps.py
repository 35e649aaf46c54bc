"""Application configuration of the field room."""

from django.apps import AppConfig


class FieldConfig(AppConfig):
    name = "spean.field"
    label = "field"

    def ready(self) -> None:
        # Says how what was taken in of our own app is worked off, also to processes that serve no pages.
        from spean.field import reports  # noqa: F401
