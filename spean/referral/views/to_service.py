"""From a need to a service: the ranking with its reasons, and the page that sends what the person agreed to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.access.roles import SECTIONS
from spean.cases.models import Case
from spean.country.fields import label
from spean.directory import queries as directory
from spean.directory.models import Service
from spean.directory.texts import listed, local_day
from spean.referral import actions, labels, matching, rules, texts
from spean.referral.models import Referral
from spean.referral.sending import SendForm, asked_consent, shareable
from spean.workflow.pages import carry_out, show_form

OPEN = ("open", "unmet")
# What stands as a mark beside the name of a service already.
MARKED = ("free_places", "places_not_counted", "meets_standards", "below_standards")


@dataclass(frozen=True)
class Option:
    """One service in the ranking, in words."""

    shown: directory.Shown
    reasons: list[str]
    to_ask: list[str]
    obstacles: list[str]
    asked: Referral | None
    asked_words: str
    waits: bool
    url: str


@require_safe
def ranking(request: AccessRequest, pk: UUID, need_pk: UUID) -> HttpResponse:
    """The services for a need, best first, each with why; those that cannot, with why not; and what is left to do."""
    case: Case = policy.find(request.user, "send_referral", Case, pk)
    need = find_need(case, need_pk)
    matches = matching.services_for(case, need.code)
    asked = _asked(case)
    places = {_service(found).pk for found in matches}
    told = set(policy.visible(request.user, "see_places", Service).filter(pk__in=places).values_list("pk", flat=True))
    options = [
        _option(case, need, found, asked.get(_service(found).pk), told=_service(found).pk in told) for found in matches
    ]
    declined = [option.shown.service for option in options if _said_no(option)]
    context = {
        "case": case,
        "need": need,
        "need_label": label("need", need.code),
        # Who said no stays on the list, behind those who have not been asked.
        "fitting": sorted((option for option in options if not option.obstacles), key=_said_no),
        "others": [option for option in options if option.obstacles],
        "may_send": need.status in OPEN and case.status not in ("closed", "counted"),
        "unmet_url": _unmet_url(request, need),
        "unmet_reason": rules.why_unmet(matches, declined),
        "residential_last": any(found.group == rules.RESIDENTIAL for found in matches),
        "back_url": reverse("case", args=[case.pk]),
    }
    return render(request, "referral/ranking.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def send(request: AccessRequest, pk: UUID, need_pk: UUID, service_pk: UUID) -> HttpResponse:
    """What will be shared with this service, said before it is sent; and the referral itself."""
    user = request.user
    case: Case = policy.find(user, "send_referral", Case, pk)
    need = find_need(case, need_pk)
    service: Service = policy.find(user, "see_service", Service, service_pk)
    to = service.organisation
    covered = shareable(case, to, "service")
    form = SendForm(
        request.POST if request.method == "POST" else None,
        covered=covered,
        residential=service.residential,
        initial={"urgent": need.urgent},
    )
    if request.method == "POST" and need.status not in OPEN:
        form.add_error(None, _("This need is no longer open. Look at the case again."))
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.send_referral(
                user, case, "service", to, service=service, need=need, message=typed.get("message", ""),
                urgent=typed["urgent"], sections=typed["sections"], once=typed["once"],
                placement_reason=typed.get("placement_reason", ""),
                placement_review_on=typed.get("placement_review_on"),
            ),
        )  # fmt: skip
        if done:
            return sent(request, done.result, done.again.object_id if done.again else None)
    found = matching.match_for(case, service)
    told = policy.may(user, "see_places", service)
    context = {
        "title": _("Refer to %(service)s") % {"service": service.label()},
        "case": case,
        "to": to,
        "row": directory.shown(service, told=told),
        "need_label": label("need", need.code),
        "to_ask": _sentences(found.to_ask, told),
        "obstacles": _sentences(found.obstacles, told),
        "not_shared": form.not_shared("service"),
        "covered": covered,
        "consent_url": asked_consent(user, case, to, "service", request.get_full_path()),
        "button": _("Send the referral"),
        "back_url": reverse("need_services", args=[case.pk, need.pk]),
    }
    return show_form(request, "referral/send.html", form, context)


def sent(request: AccessRequest, referral: Referral | None, object_id: UUID | None) -> HttpResponse:
    """To the referral, with what was really shared with it."""
    if referral is not None:
        shared = listed([label("information_class", section) for section in SECTIONS if section in referral.sections])
        messages.success(request, _("The referral is sent. Shared: %(shared)s.") % {"shared": shared})
    return HttpResponseRedirect(reverse("referral", args=[referral.pk if referral is not None else object_id]))


def find_need(case: Case, pk: UUID) -> Any:
    """A need of this very case, or nothing. Needs are a higher room's: asked for by the name of their table."""
    need = apps.get_model("protection", "Need")._default_manager.filter(case=case, pk=pk).first()
    if need is None:
        raise Http404
    return need


def _option(case: Case, need: Any, found: rules.Match, asked: Referral | None, *, told: bool) -> Option:
    service = _service(found)
    waits = asked is not None and asked.status in ("sent", "acknowledged")
    return Option(
        shown=directory.shown(service, told=told),
        reasons=_sentences(found.reasons, told),
        to_ask=_sentences(found.to_ask, told),
        obstacles=_sentences(found.obstacles, told),
        asked=asked,
        asked_words=_asked_words(asked) if asked is not None else "",
        waits=waits,
        url=reverse("need_refer", args=[case.pk, need.pk, service.pk]),
    )


def _said_no(option: Option) -> bool:
    return option.asked is not None and option.asked.status == "declined"


def _sentences(reasons: Sequence[rules.Reason], told: bool) -> list[str]:
    """The reasons in words; without numbers and days for who is not told how full a house is."""
    kept = [reason for reason in reasons if reason.code not in MARKED]
    if told:
        return [texts.sentence(reason) for reason in kept]
    counts = {"capacity_old": "", "no_free_place": _("No place is free"), "full_when_last_told": _("No place is free")}
    words = [counts.get(reason.code, texts.sentence(reason)) for reason in kept]
    return [line for line in words if line]


def _asked(case: Case) -> dict[UUID, Referral]:
    """The last referral of this case to each service: who was asked, and what they said."""
    rows = Referral.objects.filter(case=case, kind="service").defer("message", "answer").order_by("sent_at")
    return {row.service_id: row for row in rows if row.service_id is not None}


def _asked_words(asked: Referral) -> str:
    status = str(labels.STATUS[asked.status][0])
    day = date_format(local_day(asked.responded_at or asked.sent_at) or date.min, "j M Y")
    if asked.status == "declined":
        return _("Declined on %(day)s: %(reason)s") % {"day": day, "reason": asked.get_decline_reason_display()}  # type: ignore[attr-defined]
    if asked.status in ("sent", "acknowledged"):
        return _("Asked on %(day)s, waits for an answer") % {"day": day}
    return _("%(status)s on %(day)s") % {"status": status, "day": day}


def _service(found: rules.Match) -> Service:
    assert isinstance(found.service, Service)
    return found.service


def _unmet_url(request: AccessRequest, need: Any) -> str:
    if need.status == "open" and policy.may(request.user, "change_need", need):
        return reverse("need_unmet", args=[need.pk])
    return ""
