"""Application configuration of the workflow room."""

from django.apps import AppConfig


class WorkflowConfig(AppConfig):
    name = "spean.workflow"
    label = "workflow"
    default_auto_field = "django.db.models.BigAutoField"
