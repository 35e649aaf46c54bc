"""Addresses of persons, registration and possible matches. Each names the action that the policy is asked about."""

from spean.access.pages import page
from spean.people.views import matches, persons, registration

urlpatterns = [
    page("case/<uuid:pk>/register/", registration.register, action="register_person", name="case_register"),
    page(
        "case/<uuid:pk>/register/prefill/", registration.prefill, action="register_person",
        name="case_register_prefill",
    ),
    page("people/", persons.person_search, action="search_people", name="person_search"),
    page("people/<uuid:pk>/", persons.person_page, action="see_person", name="person"),
    page("people/<uuid:pk>/name/", persons.reveal, action="see_person", name="person_reveal"),
    page("people/<uuid:pk>/correct/open/", persons.correct_open, action="edit_person", name="person_correct_open"),
    page("people/<uuid:pk>/correct/", persons.correct, action="edit_person", name="person_correct"),
    page("matches/", matches.match_list, action="see_match", name="match_list"),
    page("matches/<uuid:pk>/", matches.match_page, action="see_match", name="match"),
    page("matches/<uuid:pk>/compare/", matches.compare, action="decide_match", name="match_compare"),
    page("matches/<uuid:pk>/decide/", matches.decide, action="decide_match", name="match_decide"),
]  # fmt: skip
