"""Addresses of the directory. Each names the action that the policy is asked about."""

from spean.access.pages import page
from spean.directory import location_pages, views

urlpatterns = [
    page("services/", views.service_list, action="see_directory", name="service_list"),
    page("services/add/", views.add, action="edit_service", name="service_add"),
    page("services/<uuid:pk>/", views.service_page, action="see_service", name="service"),
    page("services/<uuid:pk>/location/", views.location, action="see_shelter_location", name="service_location"),
    page("services/<uuid:pk>/location/who/", location_pages.let_in, action="let_into_location", name="location_let_in"),
    page("location/<uuid:pk>/close/", location_pages.close, action="close_location", name="location_close"),
    page("location/<uuid:pk>/keep/", location_pages.keep_open, action="keep_location_open", name="location_keep"),
    page("services/<uuid:pk>/edit/", views.edit, action="edit_service", name="service_edit"),
    page("services/<uuid:pk>/pause/", views.pause, action="edit_service", name="service_pause"),
    page("services/<uuid:pk>/resume/", views.resume, action="edit_service", name="service_resume"),
    page("services/<uuid:pk>/places/", views.places, action="update_capacity", name="service_places"),
    page("places/", views.capacity, action="update_capacity", name="capacity"),
    page("places/unchanged/", views.unchanged, action="update_capacity", name="capacity_unchanged"),
]
