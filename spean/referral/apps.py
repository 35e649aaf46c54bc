"""Application configuration of the referral room."""

from django.apps import AppConfig


class ReferralConfig(AppConfig):
    name = "spean.referral"
    label = "referral"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The verbs register the requirements that the workflow tables name.
        from spean.referral import actions  # noqa: F401
