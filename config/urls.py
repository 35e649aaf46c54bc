"""The address of every room. Each room keeps its own list; here they are put together."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

ROOMS = [
    "web",
    "access",
    "people",
    "cases",
    "detection",
    "directory",
    "referral",
    "identification",
    "protection",
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(f"spean.{room}.urls"))
    for room in ROOMS
    if find_spec(f"spean.{room}") and find_spec(f"spean.{room}.urls")
]
