"""Referring to the focal agency: the form, the page that sends, and the page that says what was sent."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.models import Organisation
from spean.access.pages import AccessRequest
from spean.cases import labels, work
from spean.cases.models import Case, Task
from spean.cases.queries import consent_standing
from spean.country.fields import label
from spean.privacy import consent
from spean.referral import actions
from spean.referral.models import Referral
from spean.workflow.pages import LONG, ActionForm, carry_out, show_form


class ReferForm(ActionForm):
    """To whom, how urgently, and what the recipient should know first."""

    to = forms.ModelChoiceField(
        label=gettext_lazy("Which focal agency?"),
        queryset=Organisation.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": gettext_lazy("Choose the focal agency that takes the case"),
            "invalid_choice": gettext_lazy("Choose one of these focal agencies"),
        },
    )
    urgent = forms.BooleanField(
        label=gettext_lazy("Help is needed within hours"),
        help_text=gettext_lazy("If the danger is near or a need cannot wait: tick this, and call the agency as well."),
        required=False,
    )
    message = forms.CharField(
        label=gettext_lazy("What should they know first?"),
        help_text=gettext_lazy("For example where to meet the person, and what not to do. It is sealed."),
        required=False,
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        error_messages={"max_length": gettext_lazy("This is too long: keep it under %(limit_value)d signs.")},
    )

    def __init__(self, *args: Any, province: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agencies = list(Organisation.objects.filter(is_focal=True, active=True))
        # The agency of the province first, then the one for the whole country, then the others by name.
        agencies.sort(key=lambda one: (one.province != province, not one.is_national_focal, one.name))
        field: Any = self.fields["to"]
        field.queryset = Organisation.objects.filter(is_focal=True, active=True)
        field.choices = [(one.pk, _in_words(one)) for one in agencies]
        field.initial = agencies[0].pk if agencies and agencies[0].province == province else None


def _in_words(organisation: Organisation) -> str:
    name, province = labels.organisation(organisation), labels.place(organisation.province)
    return f"{name} ({province})" if province else name


@require_http_methods(["GET", "HEAD", "POST"])
def refer(request: AccessRequest, pk: UUID) -> HttpResponse:
    """Choose the focal agency and send what the person agreed to."""
    user = request.user
    case: Case = policy.find(user, "refer_case", Case, pk)
    sent = _last_sent(case)
    if case.status == "referred" and sent is not None and request.method != "POST":
        return HttpResponseRedirect(reverse("referral_sent", args=[sent.pk]))
    standing = consent_standing(case)
    ahead = standing == "unconfirmed" and case.is_child
    if standing != "given" and not ahead and request.method != "POST":
        return HttpResponseRedirect(reverse("case_agreement", args=[case.pk]))
    organisation = user.organisation
    form = ReferForm(
        request.POST if request.method == "POST" else None,
        province=case.detected_province or (organisation.province if organisation else ""),
        version=case.version,
    )
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.refer_case(
                user, case, typed["to"], message=typed["message"], urgent=typed["urgent"], **form.guard
            ),
            version_now=lambda: Case.objects.values_list("version", flat=True).get(pk=case.pk),
        )
        if done:
            sent = done.result or _last_sent(case)
            assert sent is not None
            return HttpResponseRedirect(reverse("referral_sent", args=[sent.pk]))
    context = {
        "title": _("Refer to the focal agency"),
        "case": case,
        "shared": _agreed(case),
        "ahead": ahead,
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "referral/refer.html", form, context)


@require_safe
def sent(request: AccessRequest, pk: UUID) -> HttpResponse:
    """What was sent to whom, what was shared, and by when the agency answers. Made to be printed."""
    referral: Referral = policy.find(request.user, "see_referral", Referral, pk)
    waiting = Task.objects.filter(case=referral.case, object_id=referral.pk, done_at__isnull=True).first()
    context = {
        "referral": referral,
        "case": referral.case,
        "receipt": referral.receipt,
        "shared": [label("information_class", code) for code in referral.sections],
        "due_at": waiting.due_at if waiting else None,
    }
    return render(request, "referral/sent.html", context)


def _last_sent(case: Case) -> Referral | None:
    return Referral.objects.filter(case=case, kind="focal").order_by("-sent_at").first()


def _agreed(case: Case) -> list[str]:
    """What the person agreed to, for any focal agency: the agency is not chosen yet."""
    agency = Organisation.objects.filter(is_focal=True, active=True).first()
    if agency is None:
        return []
    codes = consent.covered(case, agency, actions.PURPOSE["focal"], work.TASK_SECTIONS["focal"])
    return [label("information_class", code) for code in work.TASK_SECTIONS["focal"] if code in codes]
