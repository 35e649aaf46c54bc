"""Addresses of the pages that belong to no stage."""

from spean.access.pages import PUBLIC, SIGNED_IN, page
from spean.web import backups, case_page, emergency, views

urlpatterns = [
    page("", views.home_page, action=SIGNED_IN, name="home"),
    page("language/", views.choose_language, action=PUBLIC, name="language"),
    page("leave/", views.leave, action=PUBLIC, name="leave"),
    page("privacy/", views.privacy_note, action=PUBLIC, name="privacy"),
    page("robots.txt", views.robots, action=PUBLIC, name="robots"),
    page("backups/", backups.backups_page, action="see_backups", name="backups"),
    # The case page stands here because it shows something of every room
    page("case/<uuid:pk>/", case_page.case_page, action="see_case", name="case"),
    page("case/<uuid:pk>/name/", case_page.show_name, action="see_case", name="case_name"),
    page("case/<uuid:pk>/whereabouts/", case_page.show_whereabouts, action="see_whereabouts", name="case_whereabouts"),
    page("case/<uuid:pk>/read/<slug:kind>/<uuid:row>/", case_page.read, action="see_case", name="case_read"),
    page("case/<uuid:pk>/history/", case_page.history, action="see_case_history", name="case_history"),
    # Emergency access, on pages of its own
    page("emergencies/", emergency.emergency_list, action="see_emergency", name="emergency_list"),
    page("emergencies/ask/", emergency.ask, action="ask_emergency", name="emergency_ask"),
    page("emergencies/alone/", emergency.alone, action="ask_emergency", name="emergency_alone"),
    page("emergency/<uuid:pk>/", emergency.emergency_page, action="see_emergency", name="emergency"),
    page("emergency/<uuid:pk>/words/", emergency.read_words, action="see_emergency", name="emergency_words"),
    page("emergency/<uuid:pk>/answer/", emergency.answer, action="confirm_emergency", name="emergency_answer"),
    page("emergency/<uuid:pk>/review/", emergency.review, action="review_emergency", name="emergency_review"),
    page(
        "emergency/<uuid:pk>/read/<slug:section>/",
        emergency.read_section,
        action="read_in_emergency",
        name="emergency_read",
    ),
]
