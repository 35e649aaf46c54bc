"""Asking the competent authority for formal identification, with what the person agreed to share for it."""

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from spean.access import policy
from spean.access.models import Organisation
from spean.access.pages import AccessRequest
from spean.cases import labels as case_labels
from spean.cases.models import Case, Exclusion
from spean.referral import actions
from spean.referral.models import Referral
from spean.referral.sending import SendForm, asked_consent, shareable
from spean.referral.views.to_service import sent
from spean.workflow.pages import carry_out, show_form

KIND = "identification"


@require_http_methods(["GET", "HEAD", "POST"])
def send(request: AccessRequest, pk: UUID) -> HttpResponse:
    """What the competent authority will get, said before it is sent; and the referral itself."""
    user = request.user
    case: Case = policy.find(user, "send_referral", Case, pk)
    if case.status != "registered":
        raise Http404
    waiting = Referral.objects.filter(case=case, kind=KIND, status__in=("sent", "acknowledged", "accepted")).first()
    if waiting is not None and request.method != "POST":
        return HttpResponseRedirect(reverse("referral", args=[waiting.pk]))
    authorities = _authorities(case)
    to = _chosen(request, authorities)
    covered = shareable(case, to, KIND) if to is not None else []
    form = SendForm(request.POST if request.method == "POST" else None, covered=covered)
    if request.method == "POST" and to is None:
        form.add_error(None, _("Choose the competent authority."))
    if form.is_valid() and to is not None:
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: actions.send_referral(
                user, case, KIND, to, message=typed.get("message", ""), urgent=typed["urgent"],
                sections=typed["sections"], once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            return sent(request, done.result, done.again.object_id if done.again else None)
    context = {
        "title": _("Ask for formal identification"),
        "case": case,
        "to": to,
        "choices": [(one, case_labels.organisation(one)) for one in authorities] if to is None else [],
        "not_shared": form.not_shared(KIND),
        "covered": covered,
        "consent_url": asked_consent(user, case, to, KIND, request.get_full_path()) if to is not None else "",
        "button": _("Send to the competent authority"),
        "back_url": reverse("case", args=[case.pk]),
    }
    return show_form(request, "referral/send.html", form, context)


def _authorities(case: Case) -> list[Organisation]:
    """Competent authorities that this case may be given to."""
    excluded = Exclusion.objects.filter(case=case, lifted_at__isnull=True, organisation__isnull=False)
    rows = Organisation.objects.filter(is_competent_authority=True, active=True)
    return list(rows.exclude(pk__in=excluded.values("organisation")))


def _chosen(request: AccessRequest, authorities: list[Organisation]) -> Organisation | None:
    """The one there is, or the one that was chosen among several."""
    if len(authorities) == 1:
        return authorities[0]
    wanted = request.GET.get("to", "")
    return next((one for one in authorities if str(one.pk) == wanted), None)
