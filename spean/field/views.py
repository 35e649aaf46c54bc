"""What a phone with our own app meets: the app itself, the door it joins by, and where reports go.

The app, the questions and the rights texts are public. A phone proves itself with its token, in a header.

| What came | Answer | The phone |
|---|---|---|
| a report that agrees with the re-check; the same once more | 201; 200 | forgets it, asks later what became of it |
| what cannot become a case: kept for the user | 202 | the same, and says so |
| another report under a number that came before: both kept | 409 with a receipt | the same, and says so |
| less than was sealed, or other bytes | 400 | keeps it, sends it again |
| more than any report | 413 | keeps it |
| too many wait for the user, or are still to be worked off | 503 | keeps it, sends it later |
| a token that was revoked, or whose user is gone | 410 with a proof | wipes itself |
| a token whose user works elsewhere now | 403 with a proof | keeps everything, sends nothing |
| no token, or one that never was | 404 | keeps it, sends nothing |
"""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.country import pack
from spean.country.pack import UnknownCode
from spean.detection import instruments, sent
from spean.exchange import device_pages, report_keys
from spean.exchange.openrosa_actions import TooManyWaiting
from spean.exchange.openrosa_models import Device
from spean.exchange.taking_in import Busy
from spean.field import afterwards, devices, reports, shell
from spean.lib import clock
from spean.privacy.rows import acting_as
from spean.workflow.pages import ActionForm, carry_out

View = Callable[..., HttpResponse]
FOR_EVER = "public, max-age=31536000, immutable"
# Asked for at each start where there is a network, and answered without a body where nothing changed.
ASK_AGAIN = "no-cache"


# --- the app -------------------------------------------------------------------------------------------------


@require_safe
@csp_update({"media-src": ["'self'"], "worker-src": ["'self'"]})
def first_page(request: HttpRequest) -> HttpResponse:
    return _fresh(request, shell.first_page(), "text/html; charset=utf-8")


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    return _fresh(request, shell.worker(), "text/javascript; charset=utf-8")


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    return _fresh(request, json.dumps(shell.manifest(), ensure_ascii=False), "application/manifest+json")


@require_safe
def away(request: HttpRequest) -> HttpResponse:
    """Where "Leave now" leads without a network: a page with nothing on it."""
    text = render(request, "field/away.html", {"script": shell.address("field/away.js")}).content.decode()
    return _fresh(request, text, "text/html; charset=utf-8")


@require_safe
def form(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """The questions of a screening or of a bus, in a version that was ever asked."""
    try:
        found = instruments.get(name, version)
    except UnknownCode:
        raise Http404 from None
    if found.book is None or found.kind not in sent.KINDS:
        raise Http404
    answer = JsonResponse(found.made.definition, json_dumps_params={"ensure_ascii": False, "separators": (",", ":")})
    answer["Cache-Control"] = FOR_EVER
    return answer


@require_safe
def rights(request: HttpRequest, language: str) -> HttpResponse:
    if language not in pack().rights_languages:
        raise Http404
    return _fresh(request, json.dumps(shell.rights(language), ensure_ascii=False), "application/json")


@require_safe
def audio(request: HttpRequest, language: str, number: int) -> HttpResponse:
    found = shell.recording(language, number)
    if found is None:
        raise Http404
    return HttpResponse(found, content_type="audio/mpeg", headers={"Cache-Control": ASK_AGAIN})


def _fresh(request: HttpRequest, text: str, kind: str) -> HttpResponse:
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": ASK_AGAIN}
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(text, content_type=kind, headers=headers)


# --- joining -------------------------------------------------------------------------------------------------


@require_POST
@sensitive_variables()
def show_code(request: AccessRequest) -> HttpResponse:
    """The code to scan is in this answer and nowhere else. It stands behind the #, which no server is told."""
    form = ActionForm(request.POST)
    if form.is_valid():
        done = carry_out(form, lambda: devices.show_code(request.user, once=form.cleaned_data["once"]))
        if done and done.result:
            device, code = done.result
            url = f"{request.build_absolute_uri(reverse('field'))}#c={code}"
            context = {"device": device, "url": url, "qr": device_pages.qr(url)}
            return render(request, "field/code.html", context)
        if done:
            return HttpResponseRedirect(reverse(device_pages.LIST))
    return device_pages.show_list(request, form)


@csrf_exempt
@require_POST
@sensitive_variables()
def join(request: HttpRequest) -> JsonResponse:
    """A phone brings its code, and the digest of a token of its own."""
    try:
        said = json.loads(request.body[:2000])
        device = devices.join(str(said["code"]), str(said["token_hash"]))
    except (ValueError, KeyError, TypeError, devices.CodeRefused):
        return _said(400, code="code_refused")
    return _said(201, device=device.code, owner=_owner(device), time=_now())


def _owner(device: Device) -> str:
    """Whose phone it is, for the phone alone: what waits on it is sent by nobody else."""
    return hashlib.sha256(b"spean field owner 1" + device.user_id.bytes + device.organisation_id.bytes).hexdigest()[:24]


# --- with a token --------------------------------------------------------------------------------------------


def _phone(use: str, method: str) -> Callable[[View], View]:
    """A page for a phone that brings its token; what it may do is asked anew each time."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        @sensitive_variables()
        def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if request.method != method:
                return HttpResponse(status=405, headers={"Allow": method})
            scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
            known = devices.known(token, use) if scheme == "Bearer" and token else None
            if known is None:
                return _said(404, code="unknown")
            if known.standing is devices.Standing.REVOKED:
                return _said(410, code="revoked", proof=known.proof)
            if known.standing is devices.Standing.NOT_NOW:
                return _said(403, code="not_now", proof=known.proof)
            user = known.device.user
            with acting_as(user), translation.override(user.language or "en"):
                return view(request, known.device, **kwargs)

        return answered

    return decorate


@_phone("pack", "GET")
def offline_pack(request: HttpRequest, device: Device) -> HttpResponse:
    """What only an enrolled phone needs: the key to seal to, and the questions after a screening."""
    key = report_keys.report_key()
    there = reports.agencies(device.organisation.province)
    said = {
        "key": {"name": key.name, "public": key.public},
        # Whether its user works where whole buses arrive.
        "lists": policy.may(device.user, "list_arrival"),
        "after": [afterwards.definition(child=child, agencies=there) for child in (False, True)],
    }
    return _fresh(request, json.dumps(said, ensure_ascii=False, separators=(",", ":")), "application/json")


@_phone("status", "GET")
def status(request: HttpRequest, device: Device) -> HttpResponse:
    return _said(200, reports=reports.standing_of(device), time=_now(), key=report_keys.report_key().name)


@_phone("report", "POST")
def report(request: HttpRequest, device: Device, *, pk: UUID) -> HttpResponse:
    said = request.META.get("CONTENT_LENGTH") or ""
    if said.isdecimal() and int(said) > reports.LARGEST:
        return _said(413, code="too_large")
    try:
        body = request.body
    except OSError:
        # The connection broke while it was read.
        return _said(400, code="incomplete")
    if len(body) > reports.LARGEST:
        return _said(413, code="too_large")
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    if request.headers.get("Content-Digest", "") != f"sha-256=:{digest}:":
        return _said(400, code="incomplete")
    sealed = reports.Sealed(pk, request.headers.get("X-Spean-Key", ""), body, _clock(request))
    try:
        receipt = reports.receive(device, sealed)
    except TooManyWaiting:
        return _said(503, code="too_many")
    except Busy:
        return _said(503, code="busy")
    fresh = {"arrived": 201, "case": 201, "listed": 201, "kept": 202, "conflict": 409}[receipt.state]
    return _said(
        200 if receipt.again and fresh == 201 else fresh, id=str(pk), digest=sealed.digest, state=receipt.state,
        code=receipt.code, reason=receipt.reason, time=_now(),
    )  # fmt: skip


def _clock(request: HttpRequest) -> datetime | None:
    try:
        said = datetime.fromisoformat(request.headers.get("X-Spean-Clock", ""))
    except ValueError:
        return None
    return said if said.tzinfo is not None and 2000 < said.year < 9000 else None


def _now() -> str:
    return clock.now().astimezone(UTC).isoformat(timespec="milliseconds")


def _said(status: int, **said: Any) -> JsonResponse:
    return JsonResponse(said, status=status)
