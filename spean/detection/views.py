"""Pages of the first responder's interview: start, one screen per step, check, result, and what follows a result.

A page finds its object through the policy, binds its form, calls one action, and goes on. Which screens there are
stands in `interview.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.models import User
from spean.access.pages import AccessRequest
from spean.cases import labels
from spean.cases.models import Case
from spean.country import pack
from spean.country.fields import label
from spean.detection import actions, instruments, interview, queries
from spean.detection.forms import (
    AboutForm,
    AgainForm,
    BeforeForm,
    CountForm,
    JourneyForm,
    PersonForm,
    QuestionsForm,
    SecondInterviewForm,
    StartForm,
    WorkForm,
    said,
)
from spean.detection.models import Screening
from spean.privacy import events
from spean.workflow.pages import ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])


@FORM
def start(request: AccessRequest) -> HttpResponse:
    """Choose the list of questions; the case begins here."""
    form = StartForm(request.POST or None)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: actions.start_screening(
                request.user,
                instrument=form.cleaned_data["instrument"],
                exploitation=form.cleaned_data["exploitation"],
                once=form.cleaned_data["once"],
            ),
        )
        if done and done.result:
            if policy.may(request.user, "record_informant", done.result.case):
                return HttpResponseRedirect(reverse("case_informant", args=[done.result.case_id]))
            return _to_screen(done.result, interview.going_on(done.result))
        if done and done.again:
            return HttpResponseRedirect(reverse("case_interview", args=[done.again.object_id]))
    context = {
        "at_once": instruments.screenings(),
        "empty": [one for one in instruments.current().values() if one.book is None],
        "back_url": reverse("home"),
    }
    return show_form(request, "detection/start.html", form, context)


@require_safe
def go_on(request: AccessRequest, pk: UUID) -> HttpResponse:
    """From a case to the screen at which its interview goes on."""
    case: Case = policy.find(request.user, "answer_screening", Case, pk)
    screening = queries.open_interview(case)
    if screening is None:
        return HttpResponseRedirect(reverse("case", args=[case.pk]))
    return _to_screen(screening, interview.going_on(screening))


# --- the screens -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Binding:
    """How a screen is shown and kept. `shown` gives the stored values; `kept` gives what the action takes."""

    form: type[ActionForm]
    shown: Callable[[User, Screening], dict[str, Any]]
    kept: Callable[[Any], dict[str, Any]]
    described: Callable[[Any], dict[str, Any]] = lambda form: {}
    sealed: tuple[str, ...] = ()
    template: str = "detection/screen.html"


def _shown_before(user: User, screening: Screening) -> dict[str, Any]:
    kind = ""
    if screening.interpreter is not None:
        kind = "none" if not screening.interpreter else "outside" if screening.interpreter_not_from_scene else "scene"
    return {
        "private_place": said(screening.private_place),
        "interpreter_kind": kind,
        "preferred_interviewer_asked": said(screening.preferred_interviewer_asked),
        "interview_language": screening.interview_language or user.language,
    }


def _kept_before(form: BeforeForm) -> dict[str, Any]:
    typed = form.cleaned_data
    interpreter = typed["interpreter_kind"] != "none"
    return {
        "private_place": typed["private_place"],
        "preferred_interviewer_asked": typed["preferred_interviewer_asked"],
        "interview_language": typed["interview_language"],
        "interpreter": interpreter,
        "interpreter_not_from_scene": typed["interpreter_kind"] == "outside" if interpreter else None,
    }


def _shown_person(user: User, screening: Screening) -> dict[str, Any]:
    met = bool(screening.case.sex) and not screening.carried_over
    return {
        "age": screening.age,
        "age_unknown": met and screening.age is None,
        "age_disputed": said(screening.age_disputed) if screening.age_disputed or met else "",
        "sex": screening.case.sex,
    }


def _shown_about(user: User, screening: Screening) -> dict[str, Any]:
    case = screening.case
    organisation = user.organisation
    return {
        **AboutForm.split(case.languages),
        "nationality": case.nationality,
        "detection_context": case.detection_context,
        "detected_province": case.detected_province or (organisation.province if organisation else ""),
    }


BINDINGS: Mapping[str, Binding] = {
    "before": Binding(BeforeForm, _shown_before, _kept_before, template="detection/before.html"),
    "person": Binding(
        PersonForm,
        _shown_person,
        lambda form: {
            "age": form.cleaned_data["age"],
            "age_disputed": bool(form.cleaned_data["age_disputed"]),
            "carried_over": False,
        },
        lambda form: {"sex": form.cleaned_data["sex"]},
        sealed=("stated_name",),
    ),
    "about": Binding(
        AboutForm,
        _shown_about,
        lambda form: {},
        lambda form: {
            "nationality": form.cleaned_data["nationality"],
            "languages": form.spoken(),
            "detection_context": form.cleaned_data["detection_context"],
            "detected_province": form.cleaned_data["detected_province"],
        },
        sealed=("stated_contact",),
    ),
    "journey": Binding(
        JourneyForm,
        lambda user, screening: {"ticked": JourneyForm.shown(screening.acts)},
        lambda form: {"acts": form.acts()},
    ),
    "work": Binding(
        WorkForm,
        lambda user, screening: {"ticked": screening.forms},
        lambda form: {"forms": form.forms_named()},
    ),
}


@FORM
def screen(request: AccessRequest, pk: UUID, slug: str) -> HttpResponse:
    """One screen of an interview: what is typed is kept before the next one opens."""
    user = request.user
    screening: Screening = policy.find(user, "answer_screening", Screening, pk)
    if screening.completed_at is not None:
        return HttpResponseRedirect(reverse("screening_result", args=[screening.pk]))
    every = interview.screens(screening)
    places = {one.slug: place for place, one in enumerate(every)}
    if slug not in places:
        raise Http404
    place = places[slug]
    here = every[place]
    if slug == "check":
        return _check(request, screening, every)
    sealed = _sealed_of(here, every)
    binding = BINDINGS.get(slug)
    form = _form(request, screening, here, binding, sealed)
    if form.is_valid():
        done = carry_out(
            form, lambda: _keep(user, screening, form, binding, sealed), version_now=_version_of(screening)
        )
        if done:
            if slug == "before":
                _warn_before(request, form)
            changed_age = slug == "person" and request.GET.get("from") == "check"
            if request.GET.get("from") == "check" and not changed_age:
                return _to_screen(screening, "check")
            if changed_age:
                # Another age may mean another list of questions.
                fresh = Screening.objects.select_related("case").get(pk=screening.pk)
                return _to_screen(fresh, interview.going_on(fresh))
            return _to_screen(screening, every[place + 1].slug)
    back = "check" if request.GET.get("from") == "check" else every[place - 1].slug if place else ""
    context = {
        "title": here.title,
        "screening": screening,
        "step_number": place + 1,
        "step_total": len(every),
        "back_url": _url(screening, back) if back else reverse("case", args=[screening.case_id]),
        "unverified": interview.unverified(screening) if here.questions else set(),
    }
    template = binding.template if binding else "detection/questions.html"
    return show_form(request, template, form, context)


def _form(
    request: AccessRequest,
    screening: Screening,
    here: interview.Screen,
    binding: Binding | None,
    sealed: tuple[str, ...],
) -> ActionForm:
    posted = request.POST if request.method == "POST" else None
    # Texts are opened only to be shown; what is sent in replaces them.
    texts = queries.typed(request.user, screening, *sealed) if posted is None else {}
    common: dict[str, Any] = {"version": screening.version}
    if binding is None:
        return QuestionsForm(
            posted,
            questions=here.questions,
            answers=screening.answers,
            notes="notes" in sealed,
            initial=texts,
            **common,
        )
    return binding.form(posted, initial={**binding.shown(request.user, screening), **texts}, **common)


def _keep(user: User, screening: Screening, form: ActionForm, binding: Binding | None, sealed: tuple[str, ...]) -> None:
    readable = policy.readable_sections(user, screening.case)
    texts = {}
    for name in sealed:
        section = Screening._meta.get_field(name).section  # type: ignore[union-attr]
        # Who may not read a text sees an empty field: leaving it empty must not erase what is there.
        if form.cleaned_data[name] or section in readable:
            texts[name] = form.cleaned_data[name]
    with transaction.atomic():
        if isinstance(form, QuestionsForm):
            actions.save_answers(user, screening, answers=form.answers(), **form.guard, **texts)
        else:
            assert binding is not None
            actions.save_answers(user, screening, **form.guard, **binding.kept(form), **texts)
            described = binding.described(form)
            if described:
                actions.describe_person(user, screening.case, **described)


def _sealed_of(here: interview.Screen, every: list[interview.Screen]) -> tuple[str, ...]:
    if here.slug in BINDINGS:
        return BINDINGS[here.slug].sealed
    # The last page of questions has the free notes below it.
    return ("notes",) if here.slug == every[-2].slug else ()


def _version_of(screening: Screening) -> Callable[[], int]:
    return lambda: Screening.objects.values_list("version", flat=True).get(pk=screening.pk)


def _warn_before(request: AccessRequest, form: ActionForm) -> None:
    if form.cleaned_data["private_place"] is False:
        advice = _(
            "Move to a private and safe place first, if you can. "
            "What is said in front of others may put the person in danger."
        )
        messages.warning(request, advice)
    if form.cleaned_data["interpreter_kind"] == "scene":
        advice = _(
            "Somebody from the scene may be part of it. "
            "Find another interpreter before you ask about what happened, also by telephone."
        )
        messages.warning(request, advice)


def _check(request: AccessRequest, screening: Screening, every: list[interview.Screen]) -> HttpResponse:
    """Everything that was answered, to be corrected before the interview is closed."""
    form = ActionForm(request.POST if request.method == "POST" else None, version=screening.version)
    if form.is_valid():
        version = form.cleaned_data["version"]
        done = carry_out(
            form,
            lambda: actions.complete_screening(request.user, screening, version=version),
            version_now=_version_of(screening),
        )
        if done:
            return HttpResponseRedirect(reverse("screening_result", args=[screening.pk]))
    context = {
        "title": _("Check your answers"),
        "screening": screening,
        "parts": _summary(screening, every),
        "step_number": len(every),
        "step_total": len(every),
        "back_url": _url(screening, every[-2].slug),
    }
    return show_form(request, "detection/check.html", form, context)


def _summary(screening: Screening, every: list[interview.Screen]) -> list[tuple[str, list[Any], str]]:
    """Rows of the summary by screen: title, rows, and where to change them."""
    case = screening.case
    sealed = _("written down, sealed")
    nothing = _("nothing written down")
    yes_no = {True: label("answer", "yes"), False: label("answer", "no"), None: _("Not answered")}
    if screening.interpreter is None:
        interpreter = _("Not answered")
    elif not screening.interpreter:
        interpreter = _("None needed")
    else:
        interpreter = _("Not from the scene") if screening.interpreter_not_from_scene else _("From the scene")
    if screening.acts is None:
        acts = _("Not known")
    else:
        acts = "; ".join(label("act", act) for act in screening.acts) or _("None of these happened")
    age = _("Not known") if screening.age is None else str(screening.age)
    if screening.age_disputed and (screening.age is None or screening.age >= 18):
        age = _("%(age)s; could be under 18") % {"age": age}
    fixed: dict[str, list[tuple[str, Any]]] = {
        "before": [
            (_("Private and safe place"), yes_no[screening.private_place]),
            (_("Interpreter"), interpreter),
            (_("Asked whom the person prefers"), yes_no[screening.preferred_interviewer_asked]),
            (_("Language of the talk"), label("language", screening.interview_language) if screening.interview_language else ""),
        ],
        "person": [
            (_("Name"), sealed if screening.stated_name else nothing),
            (_("Age"), age),
            (_("Sex or gender"), label("sex", case.sex) if case.sex else ""),
        ],
        "about": [
            (_("Nationality"), label("nationality", case.nationality) if case.nationality else _("Not known")),
            (_("Languages"), ", ".join(label("language", code) for code in case.languages)),
            (_("How you met"), label("detection_context", case.detection_context) if case.detection_context else ""),
            (_("Province"), labels.place(case.detected_province)),
            (_("Way to reach the person"), sealed if screening.stated_contact else nothing),
        ],
        "journey": [(_("What happened"), acts)],
        "work": [(_("Made to do"), "; ".join(label("exploitation_form", form) for form in screening.forms) or _("Not known"))],
    }  # fmt: skip
    parts: list[tuple[str, list[Any], str]] = []
    for one in every[:-1]:
        rows: list[Any] = [*fixed.get(one.slug, [])]
        told = [(row, screening.answers.get(row.answer_key, "not_asked")) for row in one.questions]
        rows += [(row.label(), label("answer", answer)) for row, answer in told if answer != "not_asked"]
        left = sum(answer == "not_asked" for _row, answer in told)
        if left:
            rows.append((_("Not asked"), ngettext("%(n)d question", "%(n)d questions", left) % {"n": left}))
        if one.slug == every[-2].slug:
            rows.append((_("Notes"), sealed if screening.notes else nothing))
        parts.append((one.title, rows, f"{_url(screening, one.slug)}?from=check"))
    return parts


# --- after the interview ---------------------------------------------------------------------------------


@require_safe
def result(request: AccessRequest, pk: UUID) -> HttpResponse:
    """What the answers suggest, and why. A suggestion, never a decision."""
    screening: Screening = policy.find(request.user, "see_screening", Screening, pk)
    if screening.completed_at is None:
        return HttpResponseRedirect(_url(screening, interview.going_on(screening)))
    case = screening.case
    events.record("case.read", actor=request.user, case=case, purpose="screening")
    context = {
        "result": queries.result(screening),
        "case": case,
        "going_on": case.status in ("screened", "follow_up") and policy.may(request.user, "refer_case", case),
    }
    return render(request, "detection/result.html", context)


@FORM
def again(request: AccessRequest, pk: UUID) -> HttpResponse:
    """A further interview in the same case."""
    case: Case = policy.find(request.user, "screen_again", Case, pk)
    form = AgainForm(request.POST if request.method == "POST" else None, version=case.version)
    if form.is_valid():
        chosen = form.cleaned_data["instrument"]
        done = carry_out(
            form,
            lambda: actions.screen_again(request.user, case, instrument=chosen, **form.guard),
            version_now=lambda: Case.objects.values_list("version", flat=True).get(pk=case.pk),
        )
        if done:
            return HttpResponseRedirect(reverse("case_interview", args=[case.pk]))
    context = {
        "title": _("Interview again"),
        "lead": _(
            "What was told before is carried over. Ask only what was left open, and change what is told differently now."
        ),
        "back_url": reverse("case", args=[case.pk]),
        "button": _("Begin"),
    }  # fmt: skip
    return show_form(request, "web/form.html", form, context)


@FORM
def second_interview(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Too little is known: offer a second interview, and the leaflet meanwhile."""
    case: Case = policy.find(request.user, "offer_second_interview", Case, pk)
    form = SecondInterviewForm(request.POST if request.method == "POST" else None, version=case.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: actions.offer_second_interview(
                request.user, case, leaflet_given=form.cleaned_data["leaflet_given"], **form.guard
            ),
            version_now=lambda: Case.objects.values_list("version", flat=True).get(pk=case.pk),
        )
        if done:
            messages.success(request, _("The second interview is on your list of work, with its day."))
            return HttpResponseRedirect(reverse("case", args=[case.pk]))
    context = {
        "title": _("Offer a second interview"),
        "case": case,
        "days": pack().deadline("second_interview").days,
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "detection/second_interview.html", form, context)


@FORM
def count(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The adult said no: say exactly what is kept and what is destroyed, and do it only after that."""
    case: Case = policy.find(request.user, "count_without_identity", Case, pk)
    if case.is_child or (not case.refusal_reason and case.status in ("screened", "follow_up")):
        return HttpResponseRedirect(reverse("case_refusal", args=[case.pk]))
    form = CountForm(request.POST if request.method == "POST" else None, version=case.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: actions.count_without_identity(request.user, case, reason=case.refusal_reason, **form.guard),
            version_now=lambda: Case.objects.values_list("version", flat=True).get(pk=case.pk),
        )
        if done:
            messages.success(
                request, _("Counted without identity. The name and the notes can no longer be read by anybody.")
            )
            return HttpResponseRedirect(reverse("case", args=[case.pk]))
    context = {
        "title": _("Count without identity"),
        "case": case,
        "reason": label("refusal_reason", case.refusal_reason),
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "detection/count.html", form, context)


def _url(screening: Screening, slug: str) -> str:
    return reverse("screening_step", args=[screening.pk, slug])


def _to_screen(screening: Screening, slug: str) -> HttpResponse:
    return HttpResponseRedirect(_url(screening, slug))
