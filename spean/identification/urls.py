"""Addresses of formal identification. Each names the action that the policy is asked about."""

from spean.access.pages import page
from spean.identification import panels, views
from spean.identification.views import decide, person

__all__ = ["panels", "urlpatterns"]

urlpatterns = [
    page("identification/", views.queue, action="see_determination", name="determination_list"),
    page("case/<uuid:pk>/identification/", views.basis, action="see_determination", name="case_identification"),
    page(
        "case/<uuid:pk>/identification/read/<slug:what>/", views.read, action="see_determination",
        name="case_identification_read",
    ),
    page("case/<uuid:pk>/identification/open/", decide.open_one, action="open_determination", name="determination_open"),
    page("determination/<uuid:pk>/", views.determination, action="see_determination", name="determination"),
    page("determination/<uuid:pk>/reasons/", views.reasons, action="see_determination", name="determination_reasons"),
    page("determination/<uuid:pk>/decide/", decide.propose, action="propose_determination", name="determination_decide"),
    page(
        "determination/<uuid:pk>/decide/<slug:part>/", decide.write, action="propose_determination",
        name="determination_part",
    ),
    page("determination/<uuid:pk>/second/", decide.second, action="confirm_determination", name="determination_second"),
    page(
        "determination/<uuid:pk>/open-review/", decide.open_review, action="open_determination",
        name="determination_open_review",
    ),
    page("determination/<uuid:pk>/tell/", person.tell, action="inform_of_determination", name="determination_tell"),
    page("determination/<uuid:pk>/letter/", person.letter, action="inform_of_determination", name="determination_letter"),
    page("determination/<uuid:pk>/review/", person.review, action="request_review", name="determination_review"),
]  # fmt: skip
