"""Pages of emergency access: ask, answer as the second person, read for four hours, review; and who is told of it.

They stand in this room because what is read draws on several. An emergency opens its own page and no other: not the
page of the case, no list, no search, nothing that could be exported.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.models import User
from spean.access.pages import AccessRequest, factor_proven_at
from spean.access.roles import AUDITOR
from spean.cases import emergency as verbs
from spean.cases import labels
from spean.cases.models import Case, Note
from spean.cases.panels import Panel, Sight, link, register
from spean.detection.models import Screening
from spean.directory.models import ShelterLocation
from spean.lib import clock
from spean.people.words import IDENTITY, LABELS
from spean.privacy import doors
from spean.privacy.emergency import ASKABLE, FRESH, REASONS, EmergencyAccess
from spean.web import home
from spean.workflow.pages import LONG, ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 25
PURPOSE = "emergency"
# How long a case manager is reminded on the home page; on the page of the case it stands for ever.
SHOWN_FOR = timedelta(days=7)

REASON: dict[str, str | Promise] = {
    "danger_to_life": gettext_lazy("A life is in danger"),
    "medical_emergency": gettext_lazy("Medical emergency"),
    "person_missing": gettext_lazy("The person is missing"),
    "removal_imminent": gettext_lazy("The person is about to be sent away or handed over"),
}
STATUS: dict[str, tuple[str | Promise, str]] = {
    "asked": (gettext_lazy("Waits for the second person"), "amber"),
    "granted": (gettext_lazy("Confirmed"), "blue"),
    "refused": (gettext_lazy("Refused by the second person"), "grey"),
    "justified": (gettext_lazy("Reviewed: justified"), "green"),
    "not_justified": (gettext_lazy("Reviewed: not justified"), "red"),
}


class _WantedForm(ActionForm):
    code = forms.CharField(
        label=gettext_lazy("Code of the case or of the person"),
        help_text=gettext_lazy("Exactly as it was told to you, like C-7K4D-92XM. No names."),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "govuk-input--width-10"}),
        error_messages={"required": gettext_lazy("Enter the code")},
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("What kind of emergency is it?"),
        choices=[(code, REASON[code]) for code in REASONS],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose the reason")},
    )
    text = forms.CharField(
        label=gettext_lazy("What has happened, and what will you do with what you read?"),
        min_length=10,
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Write down what has happened"),
            "min_length": gettext_lazy("Write down what has happened, in a sentence at least."),
        },
    )


class AskForm(_WantedForm):
    """One named case, what is needed of it, and who answers for it."""

    sections = forms.MultipleChoiceField(
        label=gettext_lazy("What do you need to know?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose what you need to know")},
    )
    second = forms.EmailField(
        label=gettext_lazy("Who confirms it? E-mail address"),
        help_text=gettext_lazy("Somebody of another organisation who works with cases. Call them: they have an hour."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Enter the e-mail address of the second person"),
            "invalid": gettext_lazy("Enter an e-mail address, like name@example.org"),
        },
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place = bool(actor.roles & set(policy.MAY_ASK_PLACE))
        sections = self.fields["sections"]
        assert isinstance(sections, forms.MultipleChoiceField)
        sections.choices = [(code, labels.SECTION[code]) for code in ASKABLE if place or code != "whereabouts"]
        if place:
            sections.help_text = _("Where the person is can be asked for only while a life is in danger.")

    def clean_second(self) -> User:
        found = User.objects.filter(email=self.cleaned_data["second"].lower(), is_active=True).first()
        if found is None:
            raise forms.ValidationError(_("Nobody has this e-mail address here."))
        return found


class AloneForm(_WantedForm):
    """Contact data only, without a second person."""


class AnswerForm(ActionForm):
    answer = forms.ChoiceField(
        label=gettext_lazy("Do you answer for it?"),
        choices=(
            ("confirm", gettext_lazy("Yes: I spoke with them, and it cannot wait for the focal agency")),
            ("refuse", gettext_lazy("No")),
        ),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose an answer")},
    )


class ReviewForm(ActionForm):
    verdict = forms.ChoiceField(
        label=gettext_lazy("Was it justified?"),
        choices=(("justified", gettext_lazy("Justified")), ("not_justified", gettext_lazy("Not justified"))),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose an answer")},
    )
    finding = forms.CharField(
        label=gettext_lazy("Why?"),
        min_length=10,
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Write down why"),
            "min_length": gettext_lazy("Write down why, in a sentence at least."),
        },
    )


# --- asking ----------------------------------------------------------------------------------------------


@FORM
def ask(request: AccessRequest) -> HttpResponse:
    """Ask for one case, confirmed by a second person. The answer is the same whether or not the code leads anywhere."""
    proven = _to_fresh_factor(request)
    if proven is not None:
        return proven
    form = AskForm(request.POST if request.method == "POST" else None, actor=request.user)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: verbs.ask_emergency(
                request.user, wanted=typed["code"], reason=typed["reason"], text=typed["text"],
                sections=typed["sections"], second=typed["second"], proven_at=factor_proven_at(request),
                once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            messages.success(
                request, _("Asked. Once the second person has confirmed it, what you need is on this page.")
            )
            return _to(done)
    context = {
        "title": _("Emergency access"),
        "lead": _("For one person, for four hours. The focal agency and the auditor are told at once."),
        "prove_url": _prove_url(request),
        "back_url": reverse("emergency_list"),
    }
    return show_form(request, "web/emergency/ask.html", form, context)


@FORM
def alone(request: AccessRequest) -> HttpResponse:
    """Nobody else can be reached: contact data only, at once."""
    proven = _to_fresh_factor(request)
    if proven is not None:
        return proven
    form = AloneForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: verbs.take_emergency_alone(
                request.user, wanted=typed["code"], reason=typed["reason"], text=typed["text"],
                proven_at=factor_proven_at(request), once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            return _to(done)
    context = {
        "title": _("Emergency access without a second person"),
        "lead": _("Only how the person can be reached, for four hours. Each one is counted and reviewed."),
        "button": _("Take it"),
        "prove_url": _prove_url(request),
        "back_url": reverse("emergency_ask"),
    }
    return show_form(request, "web/emergency/prove.html", form, context)


def _to(done: Any) -> HttpResponse:
    pk = done.result.pk if done.result else done.again.object_id
    return HttpResponseRedirect(reverse("emergency", args=[pk]))


def _is_fresh(request: AccessRequest) -> bool:
    proven_at = factor_proven_at(request)
    return proven_at is not None and clock.now() - proven_at < FRESH


def _to_fresh_factor(request: AccessRequest) -> HttpResponse | None:
    """Before somebody begins to type, he proves again who he is."""
    if request.method == "POST" or _is_fresh(request):
        return None
    return HttpResponseRedirect(_prove_url(request))


def _prove_url(request: AccessRequest) -> str:
    name = "mfa_reauthenticate" if is_mfa_enabled(request.user) else "again_in_demonstration"
    return f"{reverse(name)}?{urlencode({'next': request.path})}"


# --- one request -----------------------------------------------------------------------------------------


@require_safe
def emergency_list(request: AccessRequest) -> HttpResponse:
    """The requests this user made, answers for, watches over or reviews; for the auditor, counted by month."""
    rows = policy.visible(request.user, "see_emergency", EmergencyAccess)
    page = Paginator(rows.select_related("asked_by", "organisation"), PER_PAGE).get_page(request.GET.get("page"))
    first = timezone.localtime(clock.now()).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    counts = None
    if policy.may(request.user, "review_emergency"):
        month = EmergencyAccess.objects.filter(from_at__gte=first)
        counts = {"all": month.count(), "alone": month.filter(alone=True).count()}
    context = {
        "page": page,
        "rows": [(row, *_standing(row)) for row in page],
        "counts": counts,
        "may_ask": policy.may(request.user, "ask_emergency"),
    }
    return render(request, "web/emergency/list.html", context)


@require_safe
def emergency_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _page(request, _find(request, pk))


@require_POST
def read_words(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The code and the reasons as they were typed, to those who judge them. Logged."""
    access = _find(request, pk)
    fields = [name for name in ("wanted", "text", "finding") if getattr(access, name) is not None]
    purpose = "oversight" if AUDITOR in request.user.roles else PURPOSE
    opened = doors.reveal(request.user, [access], fields, purpose)[access.pk]
    words = {"wanted": _("Code"), "text": _("What has happened"), "finding": _("Finding of the review")}
    return _page(request, access, words=[(words[name], opened[name] or "") for name in fields])


@FORM
def answer(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Answer as the second person."""
    access: EmergencyAccess = policy.find(request.user, "confirm_emergency", EmergencyAccess, pk)
    proven = _to_fresh_factor(request)
    if proven is not None:
        return proven
    form = AnswerForm(request.POST if request.method == "POST" else None, version=access.version)
    if form.is_valid():
        version = form.cleaned_data["version"]

        def act() -> EmergencyAccess:
            if form.cleaned_data["answer"] == "refuse":
                return verbs.refuse_emergency(request.user, access, version=version)
            return verbs.confirm_emergency(request.user, access, proven_at=factor_proven_at(request), version=version)

        if carry_out(form, act, version_now=_version(pk)):
            messages.success(request, _("Your answer is recorded. Thank you."))
            return HttpResponseRedirect(reverse("emergency", args=[pk]))
    context = {
        "title": _("Answer for an emergency access"),
        "lead": _("You share the responsibility. If in doubt, say no and call the focal agency."),
        "prove_url": _prove_url(request),
        "back_url": reverse("emergency", args=[pk]),
    }
    return show_form(request, "web/emergency/prove.html", form, context)


@FORM
def review(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The auditor's word, within three days."""
    access: EmergencyAccess = policy.find(request.user, "review_emergency", EmergencyAccess, pk)
    form = ReviewForm(request.POST if request.method == "POST" else None, version=access.version)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: verbs.review_emergency(
                request.user, access, justified=typed["verdict"] == "justified", finding=typed["finding"],
                version=typed["version"],
            ),
            version_now=_version(pk),
        )  # fmt: skip
        if done:
            messages.success(request, _("The review is recorded."))
            return HttpResponseRedirect(reverse("emergency", args=[pk]))
    lead = _("Whoever asked for an emergency access that was not justified cannot ask for another.")
    context = {"title": _("Review"), "lead": lead, "back_url": reverse("emergency", args=[pk])}
    return show_form(request, "web/form.html", form, context)


@require_POST
def read_section(request: AccessRequest, pk: UUID, section: str) -> HttpResponse:
    """What was asked for and confirmed, while it runs. Each opening is logged, and in the history of the case."""
    access = _find(request, pk)
    if access.asked_by_id != request.user.pk or not _is_open(access) or section not in access.sections:
        raise Http404
    case: Case = policy.find(request.user, "read_in_emergency", Case, access.case_id or pk)
    return _page(request, access, opened=(section, READERS[section](request.user, case)))


def _find(request: AccessRequest, pk: UUID) -> EmergencyAccess:
    access: EmergencyAccess = policy.find(request.user, "see_emergency", EmergencyAccess, pk)
    return access


def _version(pk: UUID) -> Callable[[], int]:
    return lambda: EmergencyAccess.objects.values_list("version", flat=True).get(pk=pk)


def _is_open(access: EmergencyAccess) -> bool:
    return access.case_id is not None and access.runs(clock.now())


def _standing(access: EmergencyAccess) -> tuple[Any, str]:
    if access.status == "granted" and not access.runs(clock.now()):
        return _("Over, waits for review"), "amber"
    return STATUS[access.status]


def _page(
    request: AccessRequest,
    access: EmergencyAccess,
    *,
    words: list[tuple[str, str]] | None = None,
    opened: tuple[str, list[tuple[str, str]]] | None = None,
) -> HttpResponse:
    user = request.user
    may = policy.permitted(user, ("confirm_emergency", "review_emergency"), access)
    mine = access.asked_by_id == user.pk
    status, colour = _standing(access)
    facts = [
        (_("Who asks"), f"{access.asked_by}, {labels.organisation(access.organisation)}"),
        (_("Reason"), str(REASON[access.reason])),
        (_("What is asked for"), ", ".join(str(labels.SECTION[code]) for code in access.sections)),
        (_("Second person"), _("none: taken alone") if access.alone else str(access.second)),
        (_("Asked"), _moment(access.asked_at)),
        (_("Open until"), _moment(access.until_at) if access.until_at else ""),
        (_("To be reviewed by"), _moment(access.review_by) if access.review_by and not access.reviewed_at else ""),
        (_("Reviewed"), _moment(access.reviewed_at) if access.reviewed_at else ""),
    ]
    running = mine and access.runs(clock.now())
    context = {
        "access": access,
        "status": status,
        "colour": colour,
        "facts": [row for row in facts if row[1]],
        "words": words,
        "sections": [(code, labels.SECTION[code]) for code in access.sections] if running and _is_open(access) else [],
        "nothing": running and access.case_id is None,
        "opened": opened,
        "may_answer": "confirm_emergency" in may and access.status == "asked",
        "may_review": "review_emergency" in may and access.status == "granted",
        "back_url": reverse("emergency_list"),
    }
    return render(request, "web/emergency/page.html", context)


def _moment(when: Any) -> str:
    return date_format(timezone.localtime(when), "j M Y, H:i")


# --- what is read ----------------------------------------------------------------------------------------


def _identity(user: User, case: Case) -> list[tuple[str, str]]:
    if case.person is not None:
        opened = doors.reveal(user, [case.person], IDENTITY, PURPOSE)[case.person.pk]
        return [(str(LABELS[name]), opened[name] or "") for name in IDENTITY if opened[name]]
    return _of_screenings(user, case, "stated_name", _("Name, as it was told"))


def _contact(user: User, case: Case) -> list[tuple[str, str]]:
    rows = _of_screenings(user, case, "stated_contact", _("How to reach the person, as it was told"))
    if case.person is not None:
        phone = doors.reveal(user, [case.person], ["phone"], PURPOSE)[case.person.pk]["phone"]
        rows = [(str(LABELS["phone"]), phone), *rows] if phone else rows
    return rows + _notes(user, case, "contact")


def _narrative(user: User, case: Case) -> list[tuple[str, str]]:
    return _of_screenings(user, case, "notes", _("Told in the interview")) + _notes(user, case, "narrative")


def _whereabouts(user: User, case: Case) -> list[tuple[str, str]]:
    rows = []
    if case.person is not None:
        address = doors.reveal(user, [case.person], ["address"], PURPOSE)[case.person.pk]["address"]
        rows = [(str(LABELS["address"]), address)] if address else []
    placed = ShelterLocation.objects.filter(service__referrals__case=case, service__referrals__status="accepted")
    found = policy.visible(user, "see_shelter_location", ShelterLocation).filter(pk__in=placed.values("pk"))
    shelters = list(found.select_related("service"))
    opened = doors.reveal(user, shelters, ["address"], PURPOSE)
    rows += [(row.service.name, opened[row.pk]["address"] or "") for row in shelters]
    return rows + _notes(user, case, "whereabouts")


def _of_screenings(user: User, case: Case, field: str, label: str) -> list[tuple[str, str]]:
    rows = list(Screening.objects.filter(case=case, **{f"{field}__isnull": False}).select_related("case"))
    opened = doors.reveal(user, rows, [field], PURPOSE)
    return [(label, opened[row.pk][field] or "") for row in rows]


def _notes(user: User, case: Case, section: str) -> list[tuple[str, str]]:
    rows = list(Note.objects.filter(case=case, section=section).select_related("case")[:30])
    opened = doors.reveal(user, rows, ["text"], PURPOSE)
    return [(_moment(row.written_at), opened[row.pk]["text"] or "") for row in rows]


READERS: Mapping[str, Callable[[User, Case], list[tuple[str, str]]]] = {
    "identity": _identity,
    "contact": _contact,
    "narrative": _narrative,
    "whereabouts": _whereabouts,
}


# --- who is told -----------------------------------------------------------------------------------------


def _panel(sight: Sight) -> Mapping[str, Any] | None:
    """For ever on the page of the case, before those who run it."""
    if "see_emergency" not in sight.may:
        return None
    found = sight.rows("see_emergency", EmergencyAccess)
    rows = [
        {"access": row, "status": _standing(row)[0], "colour": _standing(row)[1], "reason": REASON[row.reason]}
        for row in found.select_related("asked_by", "organisation")[:20]
    ]
    return {"rows": rows} if rows else None


register(Panel("emergency", gettext_lazy("Emergency access"), "web/emergency/panel.html", _panel, order=1))


def emergency_sections(user: User) -> list[home.Section]:
    """What of emergencies concerns this user today: to answer, to review, to know, to read."""
    if not policy.may(user, "see_emergency"):
        return []
    now = clock.now()
    concerns = (
        Q(status="asked", second=user, asked_at__gt=now - verbs.ANSWER_WITHIN)
        | Q(status__in=("granted", "justified"), asked_by=user, until_at__gt=now)
        | Q(from_at__gt=now - SHOWN_FOR) & ~Q(asked_by=user)
    )
    if AUDITOR in user.roles:
        concerns |= Q(status="granted")
    rows = policy.visible_where(user, "see_emergency", EmergencyAccess, concerns).select_related("organisation")
    shown = []
    for row in rows.order_by("-asked_at")[: home.SHOWN]:
        due = None
        if row.status == "asked":
            title, due = _("Somebody asks you to confirm an emergency access"), row.asked_at + verbs.ANSWER_WITHIN
        elif row.asked_by_id == user.pk:
            title, due = _("Your emergency access is open"), row.until_at
        elif AUDITOR in user.roles:
            if row.status != "granted":
                continue
            title, due = _("Review an emergency access"), row.review_by
        elif row.second_id == user.pk:
            continue
        else:
            title = _("Somebody had emergency access to a case of yours")
        shown.append(home.Row(title, "", link("emergency", row.pk), due, labels.organisation(row.organisation)))
    return [home.Section(gettext_lazy("Emergency access"), shown, more=link("emergency_list"))] if shown else []


home.SECTIONS.insert(0, emergency_sections)
