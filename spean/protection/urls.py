"""Addresses of needs, risk and rights. Each names the action that the policy is asked about."""

from spean.access.pages import SIGNED_IN, page
from spean.protection import manage, panels, unmet, views

__all__ = ["panels", "urlpatterns"]

urlpatterns = [
    page("case/<uuid:pk>/needs/", views.needs, action="record_need", name="case_needs"),
    page("case/<uuid:pk>/risk/", views.risk, action="assess_risk", name="case_risk"),
    page("case/<uuid:pk>/rights/", views.rights, action="give_rights_information", name="case_rights"),
    page("rights/<slug:language>/", views.rights_text, action=SIGNED_IN, name="rights_text"),
    page("need/<uuid:pk>/", manage.change_need, action="change_need", name="need"),
    page("need/<uuid:pk>/unmet/", unmet.record, action="change_need", name="need_unmet"),
    page("needs/unmet/", unmet.overview, action="see_unmet_need", name="unmet_need_list"),
    page("case/<uuid:pk>/reflection/", manage.reflection, action="open_reflection_period", name="case_reflection"),
]
