"""Application configuration of the field room."""

from django.apps import AppConfig


class FieldConfig(AppConfig):
    name = "spean.field"
    label = "field"
