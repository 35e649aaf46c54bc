"""Application configuration of the access room."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "spean.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from spean.access import proofs  # noqa: F401  (listens)
