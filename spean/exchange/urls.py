"""Addresses of exports. Each names the action that the policy is asked about."""

from spean.access.pages import page
from spean.exchange import views

urlpatterns = [
    page("exports/", views.export_list, action="see_export", name="export_list"),
    page("exports/ask/", views.ask, action="request_export", name="export_ask"),
    page("exports/trace/", views.trace, action="trace_export", name="export_trace"),
    page("exports/<uuid:pk>/", views.export_page, action="see_export", name="export"),
    page("exports/<uuid:pk>/approve/", views.approve, action="approve_export", name="export_approve"),
    page("exports/<uuid:pk>/reject/", views.reject, action="approve_export", name="export_reject"),
    page("exports/<uuid:pk>/withdraw/", views.withdraw, action="withdraw_export", name="export_withdraw"),
    page("exports/<uuid:pk>/make/", views.make, action="make_export", name="export_make"),
]
