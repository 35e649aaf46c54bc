"""Application configuration of the cases room."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "spean.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        from spean.cases import (  # noqa: F401
            actions,
            conference,
            consent,
            emergency,
            erasure,
            exclusion,
            grounds,
            holds,
            parts,
            sharing,
        )
