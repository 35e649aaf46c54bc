"""Pages of protection that are the case manager's alone: the reflection period, and what became of a need."""

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases.models import Case
from spean.country import pack
from spean.country.fields import CodeChoices, label
from spean.lib import clock
from spean.protection import actions
from spean.protection.models import Need, ReflectionPeriod
from spean.workflow import engine, tables
from spean.workflow.pages import ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])


class WaiveForm(ActionForm):
    asked_by_person = forms.BooleanField(
        label=gettext_lazy("The person asked for this, without pressure, and knows that help goes on either way"),
        error_messages={
            "required": gettext_lazy("Only the person can ask for this. Confirm that they did, without pressure.")
        },
    )


class NeedForm(ActionForm):
    """What became of a need: the choices are the verbs that are possible now."""

    WORDS = {
        "meet_need": gettext_lazy("It is met"),
        "mark_need_unmet": gettext_lazy("It could not be met"),
        "decline_need": gettext_lazy("The person does not want help with this now"),
        "reopen_need": gettext_lazy("It is needed again, or after all"),
    }
    verb = forms.ChoiceField(
        label=gettext_lazy("What became of this need?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what became of this need")},
    )
    reason = CodeChoices(
        codelist="unmet_reason",
        label=gettext_lazy("If it could not be met: why?"),
        help_text=gettext_lazy("What is missing must become visible, so that it can be built."),
        required=False,
    )

    def __init__(self, *args: object, verbs: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        verb = self.fields["verb"]
        assert isinstance(verb, forms.ChoiceField)
        verb.choices = [(name, self.WORDS[name]) for name in verbs]
        if "mark_need_unmet" not in verbs:
            del self.fields["reason"]

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("verb") == "mark_need_unmet" and not cleaned.get("reason"):
            self.add_error("reason", _("Choose why the need could not be met."))
        return cleaned


@FORM
def change_need(request: AccessRequest, pk: UUID) -> HttpResponse:
    need: Need = policy.find(request.user, "change_need", Need, pk)
    verbs = list(tables.verbs_from("protection.Need", need.status))
    form = NeedForm(request.POST if request.method == "POST" else None, verbs=verbs, version=need.version)
    if form.is_valid():
        typed = form.cleaned_data
        more = {"reason": typed["reason"]} if typed["verb"] == "mark_need_unmet" else {}
        acts: dict[str, Callable[..., Need]] = {
            "meet_need": actions.meet_need, "mark_need_unmet": actions.mark_need_unmet,
            "decline_need": actions.decline_need, "reopen_need": actions.reopen_need,
        }  # fmt: skip
        done = carry_out(
            form,
            lambda: acts[typed["verb"]](request.user, need, version=typed["version"], **more),
            version_now=lambda: Need.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("Kept."))
            return _to_case(need.case_id, "#panel-needs")
    elif form.is_bound:
        _tell_what_changed(form, need)
    context = {
        "title": label("need", need.code),
        "button": _("Keep"),
        "back_url": reverse("case", args=[need.case_id]),
    }
    return show_form(request, "web/form.html", form, context)


def _tell_what_changed(form: NeedForm, need: Need) -> None:
    """A choice that is gone because somebody else was first: say so instead of “not a valid choice”."""
    version = form.data.get("version", "")
    if version.isdigit() and int(version) != need.version:
        form.errors.pop("verb", None)
        form.add_error(None, engine.what_changed(need))
        form.renew(need.version)


@FORM
def reflection(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Open the period, or end it when its days are over, or earlier if the person asks for it."""
    case: Case = policy.find(request.user, "open_reflection_period", Case, pk)
    running = ReflectionPeriod.objects.filter(case=case, status="running").first()
    if running is None:
        return _open(request, case)
    over = clock.today() >= running.ends_on
    form = (ActionForm if over else WaiveForm)(
        request.POST if request.method == "POST" else None, version=running.version
    )
    if form.is_valid():
        version = form.cleaned_data["version"]
        done = carry_out(
            form,
            lambda: (
                actions.end_reflection_period(request.user, running, version=version)
                if over
                else actions.waive_reflection_period(
                    request.user, running, asked_by_person=form.cleaned_data["asked_by_person"], version=version
                )
            ),
            version_now=lambda: ReflectionPeriod.objects.values_list("version", flat=True).get(pk=running.pk),
        )
        if done:
            messages.success(request, _("The reflection period is over."))
            return _to_case(case.pk)
    lead = (
        _("Its days are over; formal identification may be decided.")
        if over
        else _("The period still runs. Only the person can end it earlier; nobody may urge them to.")
    )
    title = _("End the reflection period") if over else _("The person does not want to wait")
    context = {"title": title, "lead": lead, "button": _("End the period"), "back_url": reverse("case", args=[pk])}
    return show_form(request, "web/form.html", form, context)


def _open(request: AccessRequest, case: Case) -> HttpResponse:
    form = ActionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        done = carry_out(form, lambda: actions.open_reflection_period(request.user, case))
        if done:
            messages.success(request, _("The reflection period runs from today."))
            return _to_case(case.pk)
    days = pack().deadline("reflection_ends").days
    lead = _(
        "%(days)d days to recover and to think before formal identification. Help goes on and depends on nothing."
    ) % {"days": days}
    context = {
        "title": _("Open the reflection period"),
        "lead": lead,
        "button": _("Start today"),
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "web/form.html", form, context)


def _to_case(pk: UUID, place: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("case", args=[pk]) + place)
