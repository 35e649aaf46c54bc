"""Application configuration of the exchange room."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "spean.exchange"
    label = "exchange"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        # Says how what was taken in of ODK Collect is worked off, also to processes that serve no pages.
        from spean.exchange import actions, openrosa_actions  # noqa: F401
