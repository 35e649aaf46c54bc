"""Pages of one's own phones, with ODK Collect or our own app: enrol, revoke, and what they sent that could not become a case."""

import base64
import json
import re
import zlib
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.exchange import openrosa_actions as actions
from spean.exchange.openrosa_models import Device, Quarantined, TakenIn
from spean.exchange.openrosa_reasons import REASONS
from spean.privacy import doors
from spean.workflow.pages import ActionForm, carry_out

# Collect's own words for its settings; what is not named keeps the app's default.
GENERAL = {
    "protocol": "odk_default",
    # Forms come and go as they do here.
    "form_update_mode": "match_exactly",
    "autosend": "wifi_and_cellular",
    # A phone that is lost holds nothing that was sent.
    "delete_send": True,
    "analytics": False,
}
LIST = "device_list"


@require_safe
def device_list(request: AccessRequest) -> HttpResponse:
    """Own phones, and what waits of what they sent."""
    return show_list(request, ActionForm())


def show_list(request: AccessRequest, form: ActionForm) -> HttpResponse:
    waiting = policy.visible(request.user, "see_quarantined", Quarantined).filter(settled_at__isnull=True)
    devices = policy.visible(request.user, "see_device", Device)
    context = {
        "form": form,
        "devices": devices.select_related("organisation"),
        "arrived": TakenIn.objects.filter(device__in=devices).only("code", "received_at"),
        "waiting": [(row, REASONS[row.reason]) for row in waiting.defer("content")],
    }
    return render(request, "exchange/devices.html", context, status=422 if form.is_bound else 200)


@require_POST
@sensitive_variables()
def enrol(request: AccessRequest) -> HttpResponse:
    """The code to scan is in this answer and nowhere else; asked for again, a new phone has to be enrolled."""
    form = ActionForm(request.POST)
    if form.is_valid():
        done = carry_out(form, lambda: actions.enrol_device(request.user, once=form.cleaned_data["once"]))
        if done and done.result is None:
            return HttpResponseRedirect(reverse(LIST))
        if done and done.result:
            device, token = done.result
            url = request.build_absolute_uri(reverse("collect", args=[token])).removesuffix("/")
            context = {"device": device, "url": url, "qr": qr(settings_code(url))}
            return render(request, "exchange/device_enrolled.html", context)
    return show_list(request, form)


def settings_code(url: str) -> str:
    """What the QR code says to Collect: its settings as JSON, compressed, in base64."""
    settings = {"general": {"server_url": url, **GENERAL}, "admin": {}, "project": {"name": "Spean"}}
    packed = zlib.compress(json.dumps(settings, separators=(",", ":")).encode(), 9)
    return base64.b64encode(packed).decode()


def qr(text: str) -> str:
    """The code as a picture in an address of its own kind: no file, no script.

    One line per run of dark squares in a row, left unencoded so that the page's compression can work on it: a tenth of
    what a path around every square weighs, which a phone on 2G would have to fetch.
    """
    # Slow to import, and needed once in a phone's life.
    import qrcode

    code = qrcode.QRCode(border=4)
    code.add_data(text)
    rows = code.get_matrix()
    dark = "".join(
        f"M{run.start()} {y}.5h{len(run[0])}"
        for y, row in enumerate(rows)
        for run in re.finditer("1+", "".join("01"[square] for square in row))
    )
    size = len(rows)
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{size}' height='{size}' viewBox='0 0 {size} {size}' shape-rendering='crispEdges'>"
        f"<path fill='#fff' d='M0 0h{size}v{size}H0z'/><path stroke='#000' d='{dark}'/></svg>"
    )
    return mark_safe("data:image/svg+xml," + quote(svg, safe=" ='/:"))  # noqa: S308 - digits and our own tags only


@require_POST
def revoke(request: AccessRequest, pk: UUID) -> HttpResponse:
    device: Device = policy.find(request.user, "revoke_device", Device, pk)
    form = ActionForm(request.POST)
    if form.is_valid() and carry_out(
        form, lambda: actions.revoke_device(request.user, device, once=form.cleaned_data["once"])
    ):
        messages.success(request, _("This phone is refused from now on."))
        return HttpResponseRedirect(reverse(LIST))
    return show_list(request, form)


@require_safe
def quarantined(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Quarantined = policy.find(request.user, "see_quarantined", Quarantined, pk)
    return _quarantined(request, row, ActionForm())


@require_POST
def open_quarantined(request: AccessRequest, pk: UUID) -> HttpResponse:
    """What was filled in, so that it can be typed in anew. Opened through the door, and so recorded."""
    row: Quarantined = policy.find(request.user, "see_quarantined", Quarantined, pk)
    form = ActionForm(request.POST)
    if not form.is_valid() or row.settled_at is not None:
        return _quarantined(request, row, form)
    opened = doors.reveal(request.user, [row], ["content"], "screening")[row.pk]
    return _quarantined(request, row, ActionForm(), opened=opened["content"] or "")


@require_POST
def settle(request: AccessRequest, pk: UUID) -> HttpResponse:
    row: Quarantined = policy.find(request.user, "settle_quarantined", Quarantined, pk)
    form = ActionForm(request.POST)
    if form.is_valid() and carry_out(
        form, lambda: actions.settle_quarantined(request.user, row, once=form.cleaned_data["once"])
    ):
        messages.success(request, _("Done. What was kept of it is destroyed."))
        return HttpResponseRedirect(reverse(LIST))
    return _quarantined(request, row, form)


def _quarantined(request: AccessRequest, row: Quarantined, form: ActionForm, opened: str | None = None) -> HttpResponse:
    context: dict[str, Any] = {"row": row, "reason": REASONS[row.reason], "form": form}
    if opened is not None:
        context["answers"] = answers(opened)
        context["raw"] = "" if context["answers"] else opened
    return render(request, "exchange/quarantined.html", context, status=422 if form.is_bound else 200)


def answers(text: str) -> list[tuple[str, str]]:
    """What was answered, by the names of the questions; nothing where it cannot be read."""
    from spean.exchange import openrosa_xml

    try:
        root = openrosa_xml.read_form(text.encode()).root
    except openrosa_xml.Malformed:
        return []
    fields = [element for element in root.iter() if not len(element) and (element.text or "").strip()]
    return [(openrosa_xml.local(element.tag), (element.text or "").strip()) for element in fields]
