"""Application configuration of the lists room."""

from django.apps import AppConfig


class ListsConfig(AppConfig):
    name = "spean.lists"
    label = "lists"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        from spean.cases import uploads
        from spean.lists import delivering, linking, pairs, sheet, to_case  # noqa: F401

        uploads.LIMITS["partner_list_deliver"] = sheet.MOST_BYTES
