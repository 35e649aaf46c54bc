"""Application configuration of the access room."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "spean.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # `changes` registers a requirement that the workflow tables name; `proofs` listens.
        from spean.access import changes, proofs  # noqa: F401
