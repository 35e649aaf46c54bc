"""Application configuration of the key vault, which has a database of its own."""

from django.apps import AppConfig


class KeyVaultConfig(AppConfig):
    name = "spean.privacy.keyvault"
    label = "keyvault"
    default_auto_field = "django.db.models.BigAutoField"
