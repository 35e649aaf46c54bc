"""Addresses of the case pages. Each names the action that the policy is asked about."""

from spean.access.pages import page
from spean.cases import case_panels, manage, next_steps, views

__all__ = ["case_panels", "next_steps", "urlpatterns"]

urlpatterns = [
    page("cases/", views.case_list, action="see_case", name="case_list"),
    page("case/<uuid:pk>/agreement/", views.agreement, action="record_consent", name="case_agreement"),
    page("case/<uuid:pk>/consent/<slug:purpose>/", views.give_consent, action="record_consent", name="case_consent"),
    page("case/<uuid:pk>/refusal/", views.refuse, action="record_refusal", name="case_refusal"),
    page("case/<uuid:pk>/help/", views.direct_help, action="give_direct_help", name="case_help"),
    page("case/<uuid:pk>/close/", views.close, action="close_case", name="case_close"),
    page("consent/<uuid:pk>/withdraw/", views.withdraw, action="withdraw_consent", name="consent_withdraw"),
    # The focal agency's case manager
    page("case/<uuid:pk>/note/", manage.write_note, action="write_note", name="case_note"),
    page("case/<uuid:pk>/exclusion/", manage.exclude, action="exclude_from_case", name="case_exclusion"),
    page("case/<uuid:pk>/reopen/", manage.reopen, action="reopen_case", name="case_reopen"),
]
