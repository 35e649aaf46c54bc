"""Needs that nobody could meet: recording one with its reason, and the own organisation's gaps in figures.

The overview counts needs, not persons, and of the own cases only; the national picture is statistics' business.
"""

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.models import User
from spean.access.pages import AccessRequest
from spean.country import pack
from spean.country.fields import CodeChoices, label
from spean.directory import texts
from spean.protection import actions
from spean.protection.models import Need
from spean.workflow.pages import ActionForm, carry_out, show_form


class UnmetForm(ActionForm):
    reason = CodeChoices(
        codelist="unmet_reason",
        label=gettext_lazy("Why could nobody help?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose why the need could not be met.")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def record(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Keep that nobody could help, and why."""
    need: Need = policy.find(request.user, "change_need", Need, pk)
    suggested = request.GET.get("reason", "")
    form = UnmetForm(
        request.POST if request.method == "POST" else None,
        version=need.version,
        initial={"reason": suggested if suggested in pack().codelist("unmet_reason").codes() else ""},
    )
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.mark_need_unmet(request.user, need, reason=typed["reason"], version=typed["version"]),
            version_now=lambda: Need.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("The need is recorded as unmet. It can be opened again at any time."))
            return HttpResponseRedirect(reverse("case", args=[need.case_id]))
    context = {
        "title": _("Unmet: %(need)s") % {"need": label("need", need.code)},
        "lead": _("An unmet need is counted, without the person, so that it is seen what is missing and where."),
        "button": _("Record as unmet"),
        "back_url": reverse("need_services", args=[need.case_id, need.pk]),
    }
    return show_form(request, "web/form.html", form, context)


@dataclass(frozen=True)
class Gap:
    """How often a need could not be met in a province for a reason."""

    need: str
    province: str
    reason: str
    count: int


@require_safe
def overview(request: AccessRequest) -> HttpResponse:
    """What was missing, where and why, in the cases of the own organisation."""
    gaps, unmet, recorded = figures(request.user)
    context = {"gaps": gaps, "unmet": unmet, "recorded": recorded, "organisation": request.user.organisation}
    return render(request, "protection/unmet.html", context)


def figures(user: User) -> tuple[list[Gap], int, int]:
    """The gaps, the most frequent first; how many needs are unmet; and out of how many that were recorded."""
    needs = policy.visible(user, "change_need", Need)
    counted = (
        needs.filter(status="unmet")
        .values("code", "case__detected_province", "unmet_reason")
        .annotate(count=Count("pk"))
        .order_by("-count", "code", "case__detected_province", "unmet_reason")
    )
    gaps = [
        Gap(
            need=label("need", row["code"]),
            province=texts.province(row["case__detected_province"]) or _("Not known"),
            reason=label("unmet_reason", row["unmet_reason"]),
            count=row["count"],
        )
        for row in counted
    ]
    return gaps, sum(gap.count for gap in gaps), needs.count()
