"""Addresses of ODK Collect and of the pages on which a user enrols his phone.

The app asks below the address in its settings: `{address}/formList`, `{address}/submission`.
"""

from spean.access.pages import PUBLIC, page
from spean.exchange import device_pages, openrosa_views

urlpatterns = [
    page("devices/", device_pages.device_list, action="see_device", name="device_list"),
    page("devices/enrol/", device_pages.enrol, action="enrol_device", name="device_enrol"),
    page("devices/<uuid:pk>/revoke/", device_pages.revoke, action="revoke_device", name="device_revoke"),
    page("submissions/<uuid:pk>/", device_pages.quarantined, action="see_quarantined", name="quarantined"),
    page("submissions/<uuid:pk>/open/", device_pages.open_quarantined, action="see_quarantined", name="quarantined_open"),
    page("submissions/<uuid:pk>/settle/", device_pages.settle, action="settle_quarantined", name="quarantined_settle"),
    # Phones, which prove themselves by the token in the address. Without one there is nothing.
    page("collect/formList", openrosa_views.form_list, action=PUBLIC, name="collect_list_without"),
    page("collect/submission", openrosa_views.submission, action=PUBLIC, name="collect_submission_without"),
    page("collect/<str:token>/", openrosa_views.form_list, action=PUBLIC, name="collect"),
    page("collect/<str:token>/formList", openrosa_views.form_list, action=PUBLIC, name="collect_list"),
    page("collect/<str:token>/submission", openrosa_views.submission, action=PUBLIC, name="collect_submission"),
    page("collect/<str:token>/forms/<uuid:pk>", openrosa_views.form, action=PUBLIC, name="collect_form"),
    page(
        "collect/<str:token>/forms/<uuid:pk>/manifest", openrosa_views.manifest, action=PUBLIC, name="collect_manifest"
    ),
]  # fmt: skip
