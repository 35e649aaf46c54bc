"""Application configuration of the web room."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "spean.web"
    label = "web"
