"""Application configuration of the instruments room: only its static files need it."""

from django.apps import AppConfig


class InstrumentsConfig(AppConfig):
    name = "spean.instruments"
    label = "instruments"
    default_auto_field = "django.db.models.BigAutoField"
