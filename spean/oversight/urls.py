"""Addresses of the watch. Each names the action that the policy is asked about."""

from spean.access.pages import page
from spean.oversight import views

urlpatterns = [
    page("alerts/", views.alert_list, action="see_alert", name="alert_list"),
    page("alerts/<uuid:pk>/", views.alert, action="see_alert", name="alert"),
    page("invented/", views.canary_list, action="see_canary", name="canary_list"),
    page("invented/add/", views.canary_plant, action="plant_canary", name="canary_plant"),
    page("leaks/", views.leak_review, action="review_leak", name="leak_review"),
    page("budget/", views.extend, action="extend_budget", name="budget"),
    page("case/<uuid:pk>/record/", views.record, action="hand_over_record", name="case_record"),
]
