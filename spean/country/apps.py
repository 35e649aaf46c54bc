"""Application configuration of the country room. It has no models: reference data lives in files."""

from django.apps import AppConfig


class CountryConfig(AppConfig):
    name = "spean.country"
    label = "country"
