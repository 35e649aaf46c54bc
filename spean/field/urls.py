"""Addresses of our own app. What it is, is public; what a phone sends, it sends with its token."""

from spean.access.pages import PUBLIC, page
from spean.field import views

urlpatterns = [
    page("field/", views.first_page, action=PUBLIC, name="field"),
    page("field/worker.js", views.worker, action=PUBLIC, name="field_worker"),
    page("field/app.webmanifest", views.manifest, action=PUBLIC, name="field_manifest"),
    page("field/away/", views.away, action=PUBLIC, name="field_away"),
    page("field/form/<slug:name>/<str:version>/", views.form, action=PUBLIC, name="field_form"),
    page("field/rights/<str:language>/", views.rights, action=PUBLIC, name="field_rights"),
    page("field/rights/<str:language>/<int:number>/", views.audio, action=PUBLIC, name="field_audio"),
    page("field/code/", views.show_code, action="enrol_device", name="field_code"),
    page("field/join/", views.join, action=PUBLIC, name="field_join"),
    # Phones, which prove themselves by the token in a header. Without one there is nothing.
    page("field/pack/", views.offline_pack, action=PUBLIC, name="field_pack"),
    page("field/status/", views.status, action=PUBLIC, name="field_status"),
    page("field/report/<uuid:pk>/", views.report, action=PUBLIC, name="field_report"),
]
