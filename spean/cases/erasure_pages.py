"""Pages of erasure: place and lift a hold, ask for an erasure, decide on one as the second officer, the proof."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases import erasure, holds, labels, ties
from spean.cases.forms import choice
from spean.cases.holds import episodes_of
from spean.cases.models import Case
from spean.country.fields import CodeChoices, label
from spean.privacy import vault
from spean.privacy.models import Erasure, LegalHold
from spean.workflow import engine
from spean.workflow.days import DayField
from spean.workflow.pages import ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
PER_PAGE = 25
# How long copies of the key vault are kept at most (docs/operations.md): then a destroyed key is gone everywhere.
COPIES_KEPT = timedelta(days=30)


class HoldForm(ActionForm):
    ground = choice(
        gettext_lazy("Why are the data still needed?"), list(labels.HOLD_GROUND.items()),
        gettext_lazy("Choose why the data are still needed"),
    )  # fmt: skip
    until_on = DayField(
        label=gettext_lazy("Until which day?"),
        help_text=gettext_lazy("Leave it empty when nobody knows: then it stands until somebody lifts it."),
        required=False,
    )


class RequestForm(ActionForm):
    ground = choice(
        gettext_lazy("Why are the data to be erased?"), list(labels.ERASURE_GROUND.items()),
        gettext_lazy("Choose why the data are to be erased"),
    )  # fmt: skip
    evidence = CodeChoices(
        codelist="consent_evidence",
        label=gettext_lazy("If it is the person’s wish: how was it given?"),
        required=False,
    )


class DeclineForm(ActionForm):
    reason = choice(
        gettext_lazy("Why is it declined?"), list(labels.ERASURE_DECLINED.items()), gettext_lazy("Choose the reason")
    )


# --- holds -----------------------------------------------------------------------------------------------


@FORM
def place_hold(request: AccessRequest, pk: UUID) -> HttpResponse:
    case: Case = policy.find(request.user, "place_hold", Case, pk)
    form = HoldForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: holds.place_hold(
                request.user, case, ground=typed["ground"], until_on=typed["until_on"], once=typed["once"]
            ),
        )
        if done:
            messages.success(request, _("The hold stands. Nothing of this person is erased meanwhile."))
            return _to_case(case)
    return _form(
        request, form, case, _("Legal hold"), _("Place the hold"),
        _("A court, a criminal case or a claim still needs these data. While a hold stands, they cannot be erased."),
    )  # fmt: skip


@FORM
def lift_hold(request: AccessRequest, pk: UUID) -> HttpResponse:
    hold: LegalHold = policy.find(request.user, "lift_hold", LegalHold, pk)
    form = ActionForm(request.POST if request.method == "POST" else None, version=hold.version)
    if form.is_valid():
        done = carry_out(
            form,
            lambda: holds.lift_hold(request.user, hold, **form.guard),
            version_now=lambda: LegalHold.objects.values_list("version", flat=True).get(pk=pk),
        )
        if done:
            messages.success(request, _("The hold is lifted."))
            return _to_case(hold.case)
    lead = _("%(ground)s. Once no hold stands, the data can be erased when somebody asks for it.")
    return _form(
        request, form, hold.case, _("Lift the hold"), _("Lift it"), lead % {"ground": labels.HOLD_GROUND[hold.ground]}
    )


# --- asking ----------------------------------------------------------------------------------------------


@FORM
def request_erasure(request: AccessRequest, pk: UUID) -> HttpResponse:
    case: Case = policy.find(request.user, "request_erasure", Case, pk)
    form = RequestForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: erasure.request_erasure(
                request.user, case, ground=typed["ground"], evidence=typed["evidence"], once=typed["once"]
            ),
        )
        if done:
            messages.success(request, _("Asked for. Nothing is erased before a second officer confirms."))
            found = done.result.pk if done.result else None
            return HttpResponseRedirect(reverse("erasure", args=[found])) if found else _to_case(case)
    episodes = episodes_of(case)
    context = {
        "title": _("Erase everything that names the person"),
        "case": case,
        "episodes": len(episodes),
        "remains": ties.remains([one.pk for one in episodes]),
        "holds": _holds(case),
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "cases/erasure_request.html", form, context)


# --- one erasure -----------------------------------------------------------------------------------------


@require_safe
def erasure_page(request: AccessRequest, pk: UUID) -> HttpResponse:
    """How it stands, what the second officer has to know, and in the end the proof."""
    return _page(request, policy.find(request.user, "see_erasure", Erasure, pk), ActionForm())


def _verb(action: str, verb: Callable[..., Erasure], done_text: Any) -> Callable[..., HttpResponse]:
    """A verb that takes no more than its button."""

    @FORM
    def view(request: AccessRequest, pk: UUID) -> HttpResponse:
        row: Erasure = policy.find(request.user, action, Erasure, pk)
        if request.method != "POST":
            return HttpResponseRedirect(reverse("erasure", args=[pk]))
        form = ActionForm(request.POST, version=row.version)
        if form.is_valid() and carry_out(form, lambda: verb(request.user, row, **form.guard), version_now=_now(pk)):
            messages.success(request, str(done_text))
            return HttpResponseRedirect(reverse("erasure", args=[pk]))
        return _page(request, Erasure.objects.get(pk=pk), form)

    return view


confirm_erasure = _verb("confirm_erasure", erasure.confirm_erasure, gettext_lazy("Confirmed. The keys are destroyed."))
withdraw_erasure = _verb("request_erasure", erasure.withdraw_erasure, gettext_lazy("The request is taken back."))


@FORM
def decline_erasure(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Erasure = policy.find(request.user, "confirm_erasure", Erasure, pk)
    form = DeclineForm(request.POST if request.method == "POST" else None, version=row.version)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        done = carry_out(
            form,
            lambda: erasure.decline_erasure(request.user, row, reason=reason, **form.guard),
            version_now=_now(pk),
        )
        if done:
            messages.success(request, _("Declined. Whoever asked for it sees the reason."))
            return HttpResponseRedirect(reverse("erasure", args=[pk]))
    context = {
        "title": _("Decline the erasure"), "button": _("Decline"), "back_url": reverse("erasure", args=[pk]),
    }  # fmt: skip
    return show_form(request, "web/form.html", form, context)


@require_safe
def erasure_list(request: AccessRequest) -> HttpResponse:
    """What waits for a second officer, and what was decided."""
    rows = policy.visible(request.user, "see_erasure", Erasure).select_related("case", "organisation")
    page = Paginator(rows.order_by("-status", "-requested_at", "id"), PER_PAGE).get_page(request.GET.get("page"))
    listed = [(row, *labels.ERASURE_STATUS[row.status], labels.ERASURE_GROUND[row.ground]) for row in page]
    return render(request, "cases/erasure_list.html", {"page": page, "rows": listed})


def _page(request: AccessRequest, row: Erasure, form: ActionForm) -> HttpResponse:
    user, case = request.user, row.case
    status, colour = labels.ERASURE_STATUS[row.status]
    waits = row.status == "requested"
    may = policy.permitted(user, ("confirm_erasure", "request_erasure"), row) if waits else frozenset()
    episodes = [] if row.subjects else episodes_of(case)
    context = {
        "row": row,
        "case": case,
        "case_url": reverse("case", args=[case.pk]) if policy.may(user, "see_case", case) else "",
        "status": status,
        "colour": colour,
        "ground": labels.ERASURE_GROUND[row.ground],
        "evidence": label("consent_evidence", row.evidence) if row.evidence else "",
        "declined": labels.ERASURE_DECLINED.get(row.decline_reason, ""),
        "episodes": len(row.subjects or episodes),
        "holds": _holds(case),
        "may_confirm": "confirm_erasure" in may,
        "may_withdraw": "request_erasure" in may,
        "remains": ties.remains([one.pk for one in episodes]) if waits else [],
        "hindrances": engine.failures("confirm_erasure", row, user) if "confirm_erasure" in may else [],
        "proof": _proof(row),
        "form": form if form.is_bound else ActionForm(version=row.version),
    }
    return render(request, "cases/erasure.html", context, status=422 if form.is_bound else 200)


def _proof(row: Erasure) -> dict[str, Any] | None:
    """What the key vault itself says now; nothing as long as one key opens."""
    if row.erased_at is None or vault.living(row.subjects):
        return None
    return {
        "keys": len(vault.destruction_of(row.subjects)),
        "on": row.erased_at,
        "gone_on": row.erased_at + COPIES_KEPT,
    }


def _holds(case: Case) -> list[dict[str, Any]]:
    """Every hold there ever was: whoever confirms sees also what was lifted, when and by whom."""
    rows = LegalHold.objects.filter(case__in=episodes_of(case)).select_related("organisation", "placed_by", "lifted_by")
    return [{"hold": row, "ground": labels.HOLD_GROUND[row.ground], "stands": row.stands} for row in rows]


def _now(pk: UUID) -> Callable[[], int]:
    return lambda: Erasure.objects.values_list("version", flat=True).get(pk=pk)


def _form(
    request: AccessRequest, form: forms.Form, case: Case, title: str, button: str, lead: str = ""
) -> HttpResponse:
    context = {"title": title, "button": button, "lead": lead, "back_url": reverse("case", args=[case.pk])}
    return show_form(request, "web/form.html", form, context)


def _to_case(case: Case) -> HttpResponse:
    return HttpResponseRedirect(reverse("case", args=[case.pk]))
