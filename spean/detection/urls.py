"""Addresses of the interview. Each names the action that the policy is asked about."""

import spean.detection.panels  # noqa: F401  (puts this room's panel on the case page)
from spean.access.pages import page
from spean.detection import arrival_pages, informant_pages, instrument_pages, intake_pages, paper_pages, views

urlpatterns = [
    page("screening/start/", views.start, action="start_screening", name="screening_start"),
    page("screening/<uuid:pk>/result/", views.result, action="see_screening", name="screening_result"),
    page("screening/<uuid:pk>/<slug:slug>/", views.screen, action="answer_screening", name="screening_step"),
    page("screening/paper/", paper_pages.sheets, action="start_screening", name="paper"),
    page("screening/paper/<slug:slug>/", paper_pages.type_in, action="start_screening", name="paper_type_in"),
    page(
        "screening/paper/<slug:slug>/<str:language>/", paper_pages.sheet_pdf, action="start_screening",
        name="paper_print",
    ),
    # An instrument asked by its own definition: with a script, without one, and from elsewhere
    page("instrument/submission/", instrument_pages.submit, action="start_screening", name="instrument_submit"),
    page("instrument/<slug:name>/", instrument_pages.fill, action="start_screening", name="instrument_fill"),
    page(
        "instrument/<slug:name>/<str:version>/definition.json", instrument_pages.definition, action="start_screening",
        name="instrument_definition",
    ),
    page(
        "instrument/<slug:name>/<str:version>/form.xml", instrument_pages.xform, action="start_screening",
        name="instrument_xform",
    ),
    page("case/<uuid:pk>/interview/", views.go_on, action="answer_screening", name="case_interview"),
    page("case/<uuid:pk>/interview-again/", views.again, action="screen_again", name="case_interview_again"),
    page(
        "case/<uuid:pk>/second-interview/", views.second_interview, action="offer_second_interview",
        name="case_second_interview",
    ),
    # The quick list of a bus, and the interview after registration
    page("arrivals/", arrival_pages.arrival_list, action="see_arrival", name="arrival_list"),
    page("arrivals/new/", arrival_pages.new, action="list_arrival", name="arrival_new"),
    page("arrivals/submission/", arrival_pages.send, action="list_arrival", name="arrival_send"),
    page("arrival/<uuid:pk>/", arrival_pages.arrival_page, action="see_arrival", name="arrival"),
    page("case/<uuid:pk>/intake/", intake_pages.hold, action="record_intake", name="case_intake"),
    page("case/<uuid:pk>/intake/submission/", intake_pages.send, action="record_intake", name="case_intake_send"),
    page("intake/<uuid:pk>/", intake_pages.intake_page, action="see_intake", name="intake"),
    # Who called: the hotline's own, apart from the case
    page("case/<uuid:pk>/caller/", informant_pages.record, action="record_informant", name="case_informant"),
    page("callers/", informant_pages.informant_list, action="see_informant", name="informant_list"),
    page("caller/<uuid:pk>/", informant_pages.informant_page, action="see_informant", name="informant"),
    page("caller/<uuid:pk>/open/", informant_pages.open_informant, action="see_informant", name="informant_open"),
    page(
        "caller/<uuid:pk>/longer/", informant_pages.keep_longer, action="keep_informant_longer",
        name="informant_longer",
    ),
    page("case/<uuid:pk>/count/", views.count, action="count_without_identity", name="case_count"),
]  # fmt: skip
