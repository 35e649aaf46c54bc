"""Application configuration of the protection room."""

from django.apps import AppConfig


class ProtectionConfig(AppConfig):
    name = "spean.protection"
    label = "protection"
    default_auto_field = "django.db.models.BigAutoField"
