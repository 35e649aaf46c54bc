"""Pages of the focal agency's case manager on an episode: notes, exclusions, opening a closed case again."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from spean.access import policy
from spean.access.forms import OrganisationField
from spean.access.models import Organisation, User
from spean.access.pages import AccessRequest
from spean.access.roles import SECTIONS
from spean.cases import actions, exclusion, labels
from spean.cases.models import Case, Exclusion
from spean.workflow.pages import LONG, ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])


def _sealed_text(label: Any, required: Any, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off"}),
        error_messages={
            "required": required,
            "max_length": gettext_lazy("This is too long: keep it under %(limit_value)d signs."),
        },
        **kwargs,
    )


class NoteForm(ActionForm):
    section = forms.ChoiceField(
        label=gettext_lazy("What is it about?"),
        help_text=gettext_lazy("Only those whose task needs this part of the case can read the note."),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what the note is about")},
    )
    text = _sealed_text(
        gettext_lazy("Note"), gettext_lazy("Write the note"),
        help_text=gettext_lazy("It is sealed and cannot be changed later, only added to."),
    )  # fmt: skip

    def __init__(self, *args: Any, sections: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        section = self.fields["section"]
        assert isinstance(section, forms.ChoiceField)
        section.choices = [(code, labels.SECTION[code]) for code in SECTIONS if code in sections]


class ExclusionForm(ActionForm):
    organisation = OrganisationField(
        label=gettext_lazy("Organisation"), queryset=Organisation.objects.none(), required=False
    )
    email = forms.EmailField(
        label=gettext_lazy("Or one user, by e-mail address"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("Enter an e-mail address, like name@example.org")},
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Why?"),
        widget=forms.RadioSelect,
        choices=list(labels.EXCLUSION_REASON.items()),
        error_messages={"required": gettext_lazy("Choose the reason")},
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        organisation = self.fields["organisation"]
        assert isinstance(organisation, forms.ModelChoiceField)
        own = [membership.organisation_id for membership in actor.memberships_now()]
        organisation.queryset = Organisation.objects.exclude(pk__in=own).order_by("name")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        organisation, email = cleaned.get("organisation"), cleaned.get("email")
        if bool(organisation) == bool(email) and "email" not in self.errors:
            self.add_error("organisation", _("Choose an organisation, or enter one user’s e-mail address."))
        if email:
            cleaned["user"] = User.objects.filter(email=email.lower()).first()
            if cleaned["user"] is None:
                self.add_error("email", _("Nobody has this e-mail address here."))
            elif cleaned["user"].pk == self.actor.pk:
                self.add_error("email", _("You cannot exclude yourself: let a colleague take the case first."))
        return cleaned


class ReopenForm(ActionForm):
    explanation = _sealed_text(
        gettext_lazy("Why is the case opened again?"), gettext_lazy("Write down why the case is opened again."),
        help_text=gettext_lazy("A new exploitation of the same person is a new case instead."),
    )  # fmt: skip


@FORM
def write_note(request: AccessRequest, pk: UUID) -> HttpResponse:
    case: Case = policy.find(request.user, "write_note", Case, pk)
    form = NoteForm(
        request.POST if request.method == "POST" else None, sections=policy.recordable_sections(request.user, case)
    )
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.write_note(
                request.user, case, section=typed["section"], about="general", text=typed["text"], once=typed["once"]
            ),
        )
        if done:
            messages.success(request, _("The note is kept."))
            return _to_case(case)
    return _show(request, form, case, _("Write a note"), _("Keep the note"))


@FORM
def exclude(request: AccessRequest, pk: UUID) -> HttpResponse:
    case: Case = policy.find(request.user, "exclude_from_case", Case, pk)
    form = ExclusionForm(request.POST if request.method == "POST" else None, actor=request.user)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: exclusion.exclude(
                request.user, case, reason=typed["reason"], organisation=typed["organisation"],
                user=typed.get("user"), once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            messages.success(request, _("Excluded. Nothing of this case is shown there any more."))
            return _to_case(case)
    lead = _("From now on they see nothing of this case, whatever else would let them. They are not told.")
    return _show(request, form, case, _("Exclude from the case"), _("Exclude"), lead)


@FORM
def reopen(request: AccessRequest, pk: UUID) -> HttpResponse:
    case: Case = policy.find(request.user, "reopen_case", Case, pk)
    form = ReopenForm(request.POST if request.method == "POST" else None, version=case.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: actions.reopen_case(request.user, case, explanation=form.cleaned_data["explanation"], **form.guard),
            version_now=lambda: Case.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("The case is open again."))
            return _to_case(case)
    return _show(request, form, case, _("Open the case again"), _("Open it again"))


def exclusions_among(rows: QuerySet[Exclusion]) -> list[Exclusion]:
    """Who is excluded now, for those who may know."""
    return list(rows.filter(lifted_at__isnull=True).select_related("organisation", "user"))


def _show(
    request: AccessRequest, form: forms.Form, case: Case, title: str, button: str, lead: str = ""
) -> HttpResponse:
    context = {"title": title, "button": button, "lead": lead, "back_url": reverse("case", args=[case.pk])}
    return show_form(request, "web/form.html", form, context)


def _to_case(case: Case) -> HttpResponse:
    return HttpResponseRedirect(reverse("case", args=[case.pk]))
