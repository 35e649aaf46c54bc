"""Pages on which a shelter says who may know where it is, and whoever placed somebody keeps that open."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from spean.access import policy
from spean.access.forms import OrganisationField
from spean.access.models import Organisation, User
from spean.access.pages import AccessRequest
from spean.directory import location
from spean.directory.forms import PlainForm
from spean.directory.models import LocationGrant, ShelterLocation
from spean.workflow.pages import ActionForm, carry_out, show_form


class LetInForm(ActionForm):
    """To whom, and for how many days."""

    organisation = OrganisationField(
        label=gettext_lazy("Organisation"),
        help_text=gettext_lazy("Its case managers, service providers and return officers can open the location."),
        queryset=Organisation.objects.none(),
        required=False,
    )
    email = forms.EmailField(
        label=gettext_lazy("Or one user, by e-mail address"),
        help_text=gettext_lazy("Police, prosecutors and courts only like this: one officer whom you know."),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("Enter an e-mail address, like name@example.org")},
    )
    days = forms.IntegerField(
        label=gettext_lazy("For how many days?"),
        min_value=1,
        max_value=location.LONGEST.days,
        initial=7,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "govuk-input--width-3"}),
        error_messages={
            "required": gettext_lazy("Enter the number of days"),
            "invalid": gettext_lazy("Enter a whole number"),
        },
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        organisation = self.fields["organisation"]
        assert isinstance(organisation, forms.ModelChoiceField)
        own = [membership.organisation_id for membership in actor.memberships_now()]
        organisation.queryset = Organisation.objects.filter(active=True).exclude(pk__in=own).order_by("name")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        organisation, email = cleaned.get("organisation"), cleaned.get("email")
        if bool(organisation) == bool(email) and "email" not in self.errors:
            self.add_error("organisation", _("Choose an organisation, or enter one user’s e-mail address."))
        if email:
            cleaned["user"] = User.objects.filter(email=email.lower(), is_active=True).first()
            if cleaned["user"] is None:
                self.add_error("email", _("Nobody has this e-mail address here."))
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
def let_in(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Let somebody know where the place is, and see who knows it already."""
    found: ShelterLocation = policy.find(request.user, "let_into_location", ShelterLocation, pk)
    form = LetInForm(request.POST if request.method == "POST" else None, actor=request.user)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: location.let_in(
                request.user, found, days=typed["days"], organisation=typed["organisation"], user=typed.get("user"),
                once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            messages.success(request, _("They can open the location now. Each opening is recorded."))
            return HttpResponseRedirect(reverse("location_let_in", args=[pk]))
    context = {
        "title": _("Who may know where this place is"),
        "grants": location.grants_of(request.user, found),
        "plain": PlainForm(),
        "back_url": reverse("service", args=[pk]),
    }
    return show_form(request, "directory/let_in.html", form, context)


@require_POST
def close(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Let somebody know it no longer."""
    grant: LocationGrant = policy.find(request.user, "close_location", LocationGrant, pk)
    form = PlainForm(request.POST)
    if form.is_valid() and carry_out(form, lambda: location.close(request.user, grant)):
        messages.success(request, _("Closed. What somebody has read already they know."))
    return HttpResponseRedirect(reverse("location_let_in", args=[grant.location_id]))


@require_POST
def keep_open(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The placement lasts: it can be opened for another month."""
    grant: LocationGrant = policy.find(request.user, "keep_location_open", LocationGrant, pk)
    form = PlainForm(request.POST)
    if form.is_valid() and carry_out(form, lambda: location.keep_open(request.user, grant)):
        messages.success(request, _("You can open the location for longer now."))
    for message in form.non_field_errors():
        messages.error(request, str(message))
    return HttpResponseRedirect(reverse("service", args=[grant.location_id]))
