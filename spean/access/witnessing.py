"""The log's witnesses as pages: the endpoint for other servers, and the auditor's roots on paper.

What a witness checks and what silence means stands in `privacy.witness`.
"""

from base64 import b64encode
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from allauth.mfa.adapter import get_adapter
from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access import policy
from spean.access.forms import OrganisationField
from spean.access.models import Organisation, User
from spean.access.pages import AccessRequest
from spean.lib import clock
from spean.privacy import events, sequencer, witness
from spean.privacy.models import Checkpoint, Cosignature, KeptRoot
from spean.workflow.days import DayField
from spean.workflow.engine import Forbidden, claim
from spean.workflow.pages import ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
WEEK = timedelta(days=7)
FORMS = (("printed", gettext_lazy("Printed")), ("mailed", gettext_lazy("Mailed")))
FAULTS = {
    "": gettext_lazy("Answers"),
    "not_asked": gettext_lazy("Not asked yet: is the worker running?"),
    "unreachable": gettext_lazy("Cannot be reached"),
    "log_unknown": gettext_lazy("Does not witness this log: give its operator the log’s key"),
    "key_unknown": gettext_lazy("Knows another key of this log"),
    "fork": gettext_lazy("Saw another history of this log. Look into it at once."),
    "ahead_of_us": gettext_lazy("Saw more than the log holds: it was set back. Look into it at once."),
    "unknown_size": gettext_lazy("Saw a log that this one never was. Look into it at once."),
    "bad_signature": gettext_lazy("Answers with a signature that is not its own"),
    "refused": gettext_lazy("Refused"),
}
_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aiou"


@csrf_exempt
@require_POST
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """Another server shows its checkpoint. It proves itself by its signature; nobody signs in here."""
    if not witness.watched():
        raise Http404
    answer = witness.receive(request.body)
    return HttpResponse(answer.text, status=answer.status, content_type=answer.content_type)


class KeptForm(ActionForm):
    """Somebody outside holds the root: who, since when, and how."""

    keeper = OrganisationField(
        label=gettext_lazy("Which organisation keeps it?"),
        queryset=Organisation.objects.none(),
        error_messages={"required": gettext_lazy("Choose the organisation that keeps it")},
    )
    form = forms.ChoiceField(
        label=gettext_lazy("How?"),
        choices=FORMS,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose how it is kept")},
    )
    kept_on = DayField(
        label=gettext_lazy("Since when?"),
        help_text=gettext_lazy("Day, month, year."),
        error_messages={"required": gettext_lazy("Enter the day since when it is kept")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["keeper"].queryset = Organisation.objects.filter(active=True).order_by("name")  # type: ignore[attr-defined]

    def clean_kept_on(self) -> date:
        day: date = self.cleaned_data["kept_on"]
        if day > clock.today():
            raise forms.ValidationError(_("This day has not come yet"))
        return day


@require_safe
def roots(request: AccessRequest) -> HttpResponse:
    """How it stands with the witnesses, and which roots are kept outside."""
    events.record("log.read", actor=request.user)
    kept = list(policy.visible(request.user, "read_log", KeptRoot).select_related("keeper")[:50])
    context = {
        "newest": Checkpoint.objects.order_by("-size").first(),
        "witnesses": [(one, FAULTS.get(one.fault, one.fault)) for one in witness.standing()],
        "stopped": witness.silent(),
        "kept": kept,
        "due": due(),
        "watched": [one.name for one in witness.watched()],
    }
    return render(request, "access/log_roots.html", context)


@require_safe
def root_page(request: AccessRequest, size: int) -> HttpResponse:
    """One root, to print or mail: as digits, as words to read aloud, and as a picture to scan."""
    found = _checkpoint(size)
    context = {
        "checkpoint": found,
        "name": sequencer.log_name(),
        "key": str(sequencer.signer().verifier),
        "digits": grouped(bytes(found.root)),
        "words": words(bytes(found.root)),
        "picture": picture(found.note),
        "cosigned": [row.witness.split("+")[0] for row in Cosignature.objects.filter(size=size)],
    }
    return render(request, "access/log_root.html", context)


@FORM
def keep(request: AccessRequest, size: int) -> HttpResponse:
    """Record back who keeps it."""
    found = _checkpoint(size)
    form = KeptForm(request.POST if request.method == "POST" else None, initial={"kept_on": clock.today()})
    if form.is_valid():
        typed = form.cleaned_data
        done = carry_out(
            form,
            lambda: keep_root(
                request.user, found, keeper=typed["keeper"], form=typed["form"], kept_on=typed["kept_on"],
                once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            messages.success(request, _("Recorded. You are reminded again in a week."))
            return HttpResponseRedirect(reverse("log_roots"))
    context = {
        "title": _("The root is kept outside"),
        "button": _("Record"),
        "back_url": reverse("log_root", args=[size]),
    }
    return show_form(request, "web/form.html", form, context)


def keep_root(
    actor: User, checkpoint: Checkpoint, *, keeper: Organisation, form: str, kept_on: date, once: UUID | None = None
) -> KeptRoot:
    """Remember who holds which root since when."""
    with transaction.atomic():
        row = KeptRoot(
            size=checkpoint.size, root=checkpoint.root, keeper=keeper, form=form, kept_on=kept_on,
            recorded_at=clock.now(), recorded_by=actor,
        )  # fmt: skip
        if once is not None:
            claim(once, "keep_root", row, actor)
        if not policy.may(actor, "keep_log_root"):
            raise Forbidden([_("This is not available to you.")])
        row.full_clean(exclude=["root"])
        row.save(force_insert=True)
        events.record("log.root_kept", actor=actor, obj=row, facts={"size": row.size, "form": form})
        return row


def due() -> bool:
    """Whether a week has passed since a root was last put outside the operator's reach."""
    last = KeptRoot.objects.order_by("-kept_on").values_list("kept_on", flat=True).first()
    return Checkpoint.objects.exists() and (last is None or clock.today() - last >= WEEK)


def grouped(root: bytes) -> list[str]:
    digits = root.hex()
    return [digits[at : at + 8] for at in range(0, len(digits), 8)]


def words(root: bytes) -> list[str]:
    """The first half of the root as eight pairs of syllables (proquints): enough to compare by telephone."""
    found = []
    for at in range(0, 16, 2):
        number = int.from_bytes(root[at : at + 2], "big")
        found.append(
            _CONSONANTS[number >> 12]
            + _VOWELS[number >> 10 & 3]
            + _CONSONANTS[number >> 6 & 15]
            + _VOWELS[number >> 4 & 3]
            + _CONSONANTS[number & 15]
        )
    return found


def picture(note: str) -> str:
    """The signed checkpoint as a QR code, in the page itself: nothing is loaded from elsewhere."""
    svg: str = get_adapter().build_totp_svg(note)  # the library's, which draws the codes of authenticator apps
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _checkpoint(size: int) -> Checkpoint:
    found = Checkpoint.objects.filter(size=min(size, 2**62)).first()
    if found is None:
        raise Http404
    return found
