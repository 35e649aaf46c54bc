"""Addresses of the pages that belong to no stage."""

from spean.access.pages import PUBLIC, SIGNED_IN, page
from spean.web import case_page, views

urlpatterns = [
    page("", views.home_page, action=SIGNED_IN, name="home"),
    page("language/", views.choose_language, action=PUBLIC, name="language"),
    page("privacy/", views.privacy_note, action=PUBLIC, name="privacy"),
    page("robots.txt", views.robots, action=PUBLIC, name="robots"),
    # The case page stands here because it shows something of every room
    page("case/<uuid:pk>/", case_page.case_page, action="see_case", name="case"),
    page("case/<uuid:pk>/name/", case_page.show_name, action="see_case", name="case_name"),
    page("case/<uuid:pk>/read/<slug:kind>/<uuid:row>/", case_page.read, action="see_case", name="case_read"),
    page("case/<uuid:pk>/history/", case_page.history, action="see_case_history", name="case_history"),
]
