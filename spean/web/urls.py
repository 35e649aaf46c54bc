"""Addresses of the pages that belong to no stage."""

from spean.access.pages import PUBLIC, SIGNED_IN, page
from spean.web import views

urlpatterns = [
    page("", views.home_page, action=SIGNED_IN, name="home"),
    page("language/", views.choose_language, action=PUBLIC, name="language"),
    page("privacy/", views.privacy_note, action=PUBLIC, name="privacy"),
    page("robots.txt", views.robots, action=PUBLIC, name="robots"),
]
