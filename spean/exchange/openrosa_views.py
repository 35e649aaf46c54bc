"""What ODK Collect and KoboCollect meet: the list, a form, its manifest, and where submissions go.

Sources: docs.getodk.org/openrosa-http, -form-list, -form-submission; ODK Collect takes 201 and 202 for "sent", 204 for
"this is the place", everything else for "not sent", and then tries again.

| What came | Answer | The phone |
|---|---|---|
| a screening that agrees with the re-check; the same once more | 201 | has sent it |
| what cannot become a case: kept for the user | 202 | has sent it |
| no submission, or an attack | 400 | keeps it |
| another form under a number that came before | 409 | keeps it |
| more than any form of ours | 413 | keeps it |
| 200 of this user already wait for him; 1,000 are still to be worked off | 503 | keeps it, and tries again |
| no token, a wrong one, a revoked one | 404, the same bytes | keeps it |

The token is in the address, as in ODK Central, and stands in no log: the server keeps none of addresses (spean/run).
"""

import functools
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from spean.detection import instruments
from spean.exchange import openrosa_actions as actions
from spean.exchange import openrosa_xml as xml
from spean.exchange import taking_in
from spean.exchange.openrosa_models import Device, PublishedForm
from spean.lib import clock

View = Callable[..., HttpResponse]


def _answer(status: int, message: str = "") -> HttpResponse:
    return HttpResponse(xml.response(message) if message else b"", status=status, content_type=xml.XML)


def _nothing_here() -> HttpResponse:
    # In English for all: the language of a revoked phone's user would tell that there was one.
    return _answer(404, "There is nothing here.")


def openrosa(use: str, *methods: str) -> Callable[[View], View]:
    """A page of the protocol: its headers, its methods, and the phone behind the token."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @functools.wraps(view)
        @sensitive_variables("token")
        def answered(request: HttpRequest, token: str = "", **kwargs: Any) -> HttpResponse:
            response = _answered(view, request, use, methods, token, kwargs)
            response.headers["X-OpenRosa-Version"] = "1.0"
            response.headers["X-OpenRosa-Accept-Content-Length"] = str(xml.LARGEST_BODY)
            response.headers["Date"] = http_date(clock.now().timestamp())
            return response

        return answered

    return decorate


def _answered(
    view: View, request: HttpRequest, use: str, methods: tuple[str, ...], token: str, kwargs: dict[str, Any]
) -> HttpResponse:
    if request.method not in methods:
        response = _answer(405)
        response.headers["Allow"] = ", ".join(methods)
        return response
    device = actions.device_of(token, "head" if use == "submission" and request.method == "HEAD" else use)
    if device is None:
        return _nothing_here()
    with translation.override(device.user.language or "en"):
        return view(request, device, token=token, **kwargs)


@openrosa("list", "GET", "HEAD")
def form_list(request: HttpRequest, device: Device, *, token: str) -> HttpResponse:
    language = device.user.language or "en"
    rows = [
        xml.Listed(
            form.form_id,
            _title(form, language),
            form.version,
            form.digest,
            request.build_absolute_uri(reverse("collect_form", args=[token, form.pk])),
        )
        for form in actions.offered_forms(device.user)
    ]
    return HttpResponse(xml.form_list(rows), content_type=xml.XML)


def _title(form: PublishedForm, language: str) -> str:
    return instruments.get(form.form_id, form.version).title(language)


@openrosa("form", "GET", "HEAD")
def form(request: HttpRequest, device: Device, *, token: str, pk: UUID) -> HttpResponse:
    """A form that was offered at some time; Collect compares its bytes with the hash in the list."""
    found = PublishedForm.objects.filter(pk=pk).first()
    return HttpResponse(bytes(found.xform), content_type=xml.XML) if found else _nothing_here()


@openrosa("manifest", "GET", "HEAD")
def manifest(request: HttpRequest, device: Device, *, token: str, pk: UUID) -> HttpResponse:
    found = PublishedForm.objects.filter(pk=pk).exists()
    return HttpResponse(xml.manifest(), content_type=xml.XML) if found else _nothing_here()


@openrosa("submission", "HEAD", "POST")
def submission(request: HttpRequest, device: Device, *, token: str) -> HttpResponse:
    if request.method == "HEAD":
        # 204, and nothing else, says that submissions are taken here.
        return _answer(204)
    try:
        post = xml.read_post(request.headers.get("Content-Type", ""), _body(request))
        if post.incomplete and post.sealed is None and b'encrypted="yes"' in post.form:
            # The sealed form comes with a later part, which repeats this one.
            return _answer(202, _("The rest is awaited."))
        taken = actions.receive(device, post)
    except xml.TooLarge:
        return _answer(413, _("This is larger than any form here."))
    except xml.Malformed:
        return _answer(400, _("This is no form of ODK Collect, or it is damaged."))
    except actions.DifferentForm:
        return _answer(409, _("Another form with this number was sent before."))
    except actions.TooManyWaiting:
        return _answer(503, _("Too many forms wait for you. Sign in and deal with them first."))
    except taking_in.Busy:
        return _answer(503, _("What came before is still being entered. Send this again in some minutes."))
    if taken.kept:
        return _answer(202, _("Received. It could not become a case: sign in and see why under “Phones”."))
    return _answer(201, _("Received."))


def _body(request: HttpRequest) -> bytes:
    """All of what was sent, up to the limit. Collect says how much comes; others send it in chunks."""
    said = request.META.get("CONTENT_LENGTH") or ""
    if said.isdecimal():
        if int(said) > xml.LARGEST_BODY:
            raise xml.TooLarge("the body is larger than any of ours")
        read = request.read
    elif "chunked" in request.headers.get("Transfer-Encoding", "").lower() and hasattr(request, "environ"):
        # Django reads nothing without a length; the server has put the chunks together.
        read = request.environ["wsgi.input"].read
    else:
        read = request.read
    data = b""
    while len(data) <= xml.LARGEST_BODY:
        piece = read(64 * 1024)
        if not piece:
            return data
        data += piece
    raise xml.TooLarge("the body is larger than any of ours")
