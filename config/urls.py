"""The address of every room. Each room keeps its own list; here they are put together."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    # Addresses are tried in this order: what phones ask thousands of times a day stands first.
    path("", include("spean.field.urls")),
    path("", include("spean.web.urls")),
    path("", include("spean.access.urls")),
    path("", include("spean.people.urls")),
    path("", include("spean.cases.urls")),
    path("", include("spean.detection.urls")),
    path("", include("spean.directory.urls")),
    path("", include("spean.referral.urls")),
    path("", include("spean.identification.urls")),
    path("", include("spean.protection.urls")),
    path("", include("spean.exchange.urls")),
    path("", include("spean.exchange.openrosa_urls")),
    path("", include("spean.lists.urls")),
    path("", include("spean.oversight.urls")),
    path("", include("spean.statistics.urls")),
]

handler500 = "spean.web.errors.server_error"
