"""Application configuration of the privacy room."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "spean.privacy"
    label = "privacy"
    default_auto_field = "django.db.models.BigAutoField"
