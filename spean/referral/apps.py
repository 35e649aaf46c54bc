"""Application configuration of the referral room."""

from django.apps import AppConfig


class ReferralConfig(AppConfig):
    name = "spean.referral"
    label = "referral"
    default_auto_field = "django.db.models.BigAutoField"
