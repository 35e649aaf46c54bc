"""Application configuration of the directory room."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "spean.directory"
    label = "directory"
    default_auto_field = "django.db.models.BigAutoField"
