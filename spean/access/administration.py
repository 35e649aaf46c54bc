"""Pages of the administrator (organisations, users, requests) and of the auditor (the event log). No case content."""

from datetime import datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Prefetch, Q, QuerySet, When
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from spean import country
from spean.access import actions, changes, policy
from spean.access.forms import EventFilterForm, InviteForm, MembershipForm, OrganisationForm
from spean.access.models import AccessChange, Membership, Organisation, User
from spean.access.pages import AccessRequest
from spean.lib import identifiers
from spean.privacy import event_names, events
from spean.workflow.pages import ActionForm, carry_out, show_form

PER_PAGE = 25

# --- organisations ---------------------------------------------------------------------------------------


def organisation_list(request: AccessRequest) -> HttpResponse:
    rows = policy.visible(request.user, "manage_organisations", Organisation)
    wanted = request.GET.get("name", "").strip()[:100]
    if wanted:
        rows = rows.filter(Q(name__icontains=wanted) | Q(name_km__icontains=wanted))
    types = country.pack().codelist("organisation_type")
    found = Paginator(rows.order_by("-active", "name", "id"), PER_PAGE).get_page(request.GET.get("page"))
    listed = [(row, types.label(row.type)) for row in found]
    return render(request, "access/organisation_list.html", {"page": found, "rows": listed, "wanted": wanted})


def organisation_add(request: AccessRequest) -> HttpResponse:
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            organisation = actions.add_organisation(request.user, **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The organisation is added."))
            return HttpResponseRedirect(reverse("organisation", args=[organisation.pk]))
    return _form(request, form, _("Add an organisation"), _("Add"), reverse("organisation_list"))


def organisation_page(request: AccessRequest, pk: Any) -> HttpResponse:
    organisation = policy.find(request.user, "manage_organisations", Organisation, pk)
    form = OrganisationForm(request.POST or None, instance=Organisation.objects.get(pk=organisation.pk))
    if request.method == "POST" and form.is_valid():
        try:
            asked = actions.change_organisation(request.user, organisation, **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            if asked.change is not None:
                return _waits(request, asked.change)
            messages.success(request, _("The organisation is changed."))
            return HttpResponseRedirect(reverse("organisation_list"))
    waiting = [(change, title_of(change)) for change in changes.waiting().filter(organisation=organisation, user=None)]
    context = {"organisation": organisation, "form": form, "waiting": waiting}
    return render(request, "access/organisation.html", context, status=_status(form))


@require_POST
def organisation_switch(request: AccessRequest, pk: Any) -> HttpResponse:
    organisation = policy.find(request.user, "manage_organisations", Organisation, pk)
    act = actions.deactivate_organisation if organisation.active else actions.activate_organisation
    done = _("The organisation is deactivated.") if organisation.active else _("The organisation is active again.")
    return _act(request, lambda: act(request.user, organisation), done, reverse("organisation", args=[pk]))


# --- users -----------------------------------------------------------------------------------------------


def user_list(request: AccessRequest) -> HttpResponse:
    rows = policy.visible(request.user, "manage_users", User)
    wanted = request.GET.get("name", "").strip()[:100]
    if wanted:
        rows = rows.filter(Q(name__icontains=wanted) | Q(email__icontains=wanted))
    current = Membership.objects.filter(until_at__isnull=True).select_related("organisation")
    rows = rows.prefetch_related(Prefetch("memberships", queryset=current, to_attr="current"))
    pack = country.pack()
    found = Paginator(rows.order_by("-is_active", "name", "id"), PER_PAGE).get_page(request.GET.get("page"))
    listed = [(user, [(pack.role_title(m.role, None), m.organisation) for m in user.current]) for user in found]
    return render(request, "access/user_list.html", {"page": found, "rows": listed, "wanted": wanted})


def user_invite(request: AccessRequest) -> HttpResponse:
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = actions.invite_user(request.user, **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _show_link(request, asked)
    lead = _("You get a link to hand over in person. It works once, for three days. Nothing is sent by e-mail.")
    return _form(request, form, _("Invite a user"), _("Make the invitation"), reverse("user_list"), lead)


def user_page(request: AccessRequest, pk: Any) -> HttpResponse:
    user = policy.find(request.user, "manage_users", User, pk)
    form = MembershipForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = actions.grant_role(request.user, user, **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            if asked.path:
                return _show_link(request, asked)
            if asked.change is not None:
                return _waits(request, asked.change)
            messages.success(request, _("The role is added."))
            return HttpResponseRedirect(reverse("user", args=[user.pk]))
    pack = country.pack()
    memberships = [
        (membership, pack.role_title(membership.role, None))
        for membership in user.memberships.select_related("organisation").order_by("until_at", "-from_at")
    ]
    context = {
        "person": user,
        "form": form,
        "memberships": memberships,
        "is_me": user.pk == request.user.pk,
        "waiting": [(change, title_of(change)) for change in changes.waiting().filter(user=user)],
    }
    return render(request, "access/user.html", context, status=_status(form))


@require_POST
def user_switch(request: AccessRequest, pk: Any) -> HttpResponse:
    user = policy.find(request.user, "manage_users", User, pk)
    act = actions.deactivate_user if user.is_active else actions.activate_user
    done = _("The user is deactivated and signed out everywhere.") if user.is_active else _("The user is active again.")
    return _act(request, lambda: act(request.user, user), done, reverse("user", args=[pk]))


@require_POST
def user_link(request: AccessRequest, pk: Any) -> HttpResponse:
    user = policy.find(request.user, "manage_users", User, pk)
    try:
        asked = actions.new_sign_in_link(request.user, user)
    except actions.Refused as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("user", args=[pk]))
    return _show_link(request, asked)


@require_POST
def user_reset(request: AccessRequest, pk: Any) -> HttpResponse:
    user = policy.find(request.user, "manage_users", User, pk)
    done = _("The second step is removed. The user sets up a new one at the next sign-in.")
    return _act(request, lambda: actions.reset_second_factor(request.user, user), done, reverse("user", args=[pk]))


@require_POST
def membership_end(request: AccessRequest, pk: int) -> HttpResponse:
    membership = Membership.objects.select_related("user").filter(pk=pk).first()
    if membership is None:
        raise Http404
    user = policy.find(request.user, "manage_users", User, membership.user_id)
    return _act(
        request,
        lambda: actions.end_membership(request.user, membership),
        _("The role has ended."),
        reverse("user", args=[user.pk]),
    )


# --- what waits for a second administrator ----------------------------------------------------------------

DUTY_TITLES = {
    "is_focal": gettext_lazy("focal agency"),
    "is_national_focal": gettext_lazy("national focal agency"),
    "is_competent_authority": gettext_lazy("competent authority"),
}
KIND_TITLES = {
    "sign_in_link": gettext_lazy("New sign-in link: the password can be chosen anew"),
    "second_factor": gettext_lazy("Remove the second step"),
    "activate_user": gettext_lazy("Make the user active again"),
    "activate_organisation": gettext_lazy("Make the organisation active again, with all its users"),
}
STATUS_TITLES = {
    "requested": (gettext_lazy("Waits"), "amber"),
    "confirmed": (gettext_lazy("Confirmed"), "green"),
    "rejected": (gettext_lazy("Rejected"), "red"),
    "withdrawn": (gettext_lazy("Taken back"), "grey"),
}


def title_of(change: AccessChange) -> str:
    """What would change, in a few words."""
    if change.kind == "role":
        return _("Role: %(role)s") % {"role": country.pack().role_title(change.role, None)}
    if change.kind == "organisation_duty":
        return _("Mark as %(duties)s") % {"duties": ", ".join(str(DUTY_TITLES[duty]) for duty in change.duties)}
    return str(KIND_TITLES[change.kind])


def access_change_list(request: AccessRequest) -> HttpResponse:
    rows = policy.visible(request.user, "see_access_change", AccessChange)
    rows = rows.select_related("user", "organisation", "requested_by", "decided_by")
    open_first = Case(When(status="requested", then=0), default=1)
    found = Paginator(rows.order_by(open_first, "-requested_at", "id"), PER_PAGE).get_page(request.GET.get("page"))
    listed = [(change, title_of(change), *STATUS_TITLES[change.status]) for change in found]
    return render(request, "access/access_change_list.html", {"page": found, "rows": listed})


def access_change_page(request: AccessRequest, pk: Any) -> HttpResponse:
    change: AccessChange = policy.find(request.user, "see_access_change", AccessChange, pk)
    return _change_page(request, change, ActionForm(version=change.version))


@require_POST
def access_change_confirm(request: AccessRequest, pk: Any) -> HttpResponse:
    change: AccessChange = policy.find(request.user, "confirm_access_change", AccessChange, pk)
    form = ActionForm(request.POST)
    if form.is_valid():
        done = carry_out(form, lambda: changes.confirm_access_change(request.user, change, **form.guard))
        if done and done.result:
            return render(request, "access/code_made.html", {"change": change, "code": done.result})
        if done:
            messages.success(request, _("Confirmed. It holds from now on."))
            return HttpResponseRedirect(reverse("access_change_list"))
    return _change_page(request, change, form)


@require_POST
def access_change_reject(request: AccessRequest, pk: Any) -> HttpResponse:
    change: AccessChange = policy.find(request.user, "confirm_access_change", AccessChange, pk)
    return _close(request, change, changes.reject_access_change, _("Rejected. Nothing changes."))


@require_POST
def access_change_withdraw(request: AccessRequest, pk: Any) -> HttpResponse:
    change: AccessChange = policy.find(request.user, "withdraw_access_change", AccessChange, pk)
    return _close(request, change, changes.withdraw_access_change, _("Taken back. Nothing changes."))


def _close(request: AccessRequest, change: AccessChange, action: Any, done: str) -> HttpResponse:
    form = ActionForm(request.POST)
    if form.is_valid() and carry_out(form, lambda: action(request.user, change, **form.guard)):
        messages.success(request, done)
        return HttpResponseRedirect(reverse("access_change_list"))
    return _change_page(request, change, form)


def _change_page(request: AccessRequest, change: AccessChange, form: ActionForm) -> HttpResponse:
    title, colour = STATUS_TITLES[change.status]
    can = policy.permitted(request.user, ("confirm_access_change", "withdraw_access_change"), change)
    pack = country.pack()
    user = change.user
    held = user.memberships.filter(until_at__isnull=True).select_related("organisation") if user else ()
    context = {
        "change": change,
        "title": title_of(change),
        "status": title,
        "colour": colour,
        "is_open": change.status == "requested",
        "can": can,
        "held": [(pack.role_title(membership.role, None), membership.organisation) for membership in held],
        "is_mine": change.requested_by_id == request.user.pk,
    }
    return show_form(request, "access/access_change.html", form, context)


# --- the log ---------------------------------------------------------------------------------------------


def event_log(request: AccessRequest) -> HttpResponse:
    """Who did what, when, to which record. Codes only: the log has nothing else to show."""
    event_model = apps.get_model("privacy", "Event")
    rows = policy.visible(request.user, "read_log", event_model).order_by("-id")
    form = EventFilterForm(request.GET or None)
    if form.is_bound:
        rows = _filtered(rows, form.cleaned_data) if form.is_valid() else rows.none()
    events.record("log.read", actor=request.user)
    found = Paginator(rows, 50).get_page(request.GET.get("page"))
    users = User.objects.in_bulk({event.actor_id for event in found if event.actor_id})
    case_model = apps.get_model("cases", "Case")
    codes = dict(
        case_model._default_manager.filter(pk__in={event.case_id for event in found if event.case_id}).values_list(
            "pk", "code"
        )
    )
    listed = [(event, users.get(event.actor_id), codes.get(event.case_id, "")) for event in found]
    return render(request, "access/event_log.html", {"page": found, "rows": listed, "form": form})


def _filtered(rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
    if wanted["action"]:
        typed = wanted["action"].strip().lower()
        told = [code for code, words in event_names.ACTIONS.items() if typed in str(words).lower()]
        rows = rows.filter(Q(action__startswith=typed) | Q(action__in=told))
    if wanted["user"]:
        rows = rows.filter(actor_id__in=User.objects.filter(email__iexact=wanted["user"].strip()).values("pk"))
    if wanted["case"]:
        try:
            code = identifiers.check_code(wanted["case"])
        except ValueError:
            return rows.none()
        case_model = apps.get_model("cases", "Case")
        rows = rows.filter(case_id__in=case_model._default_manager.filter(code=code).values("pk"))
    zone = timezone.get_default_timezone()
    if wanted["since"]:
        rows = rows.filter(at__gte=datetime.combine(wanted["since"], time.min, zone))
    if wanted["until"]:
        rows = rows.filter(at__lt=datetime.combine(wanted["until"] + timedelta(days=1), time.min, zone))
    return rows


# --- answering -------------------------------------------------------------------------------------------


def _status(form: Any) -> int:
    return 422 if form.is_bound and form.errors else 200


def _form(request: AccessRequest, form: Any, title: str, button: str, back: str, lead: str = "") -> HttpResponse:
    context = {"form": form, "title": title, "button": button, "back_url": back, "lead": lead}
    return render(request, "web/form.html", context, status=_status(form))


def _act(request: AccessRequest, act: Any, done: str, back: str) -> HttpResponse:
    try:
        asked = act()
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        change = getattr(asked, "change", None)
        if change is not None:
            return _waits(request, change)
        messages.success(request, done)
    return HttpResponseRedirect(back)


def _waits(request: AccessRequest, change: AccessChange) -> HttpResponse:
    messages.success(request, _("Asked for. It holds when another administrator has confirmed it."))
    return HttpResponseRedirect(reverse("access_change", args=[change.pk]))


def _show_link(request: AccessRequest, asked: actions.Asked) -> HttpResponse:
    context = {"person": asked.user, "link": request.build_absolute_uri(asked.path), "change": asked.change}
    return render(request, "access/link_made.html", context)
