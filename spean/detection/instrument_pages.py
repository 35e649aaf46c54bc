"""Pages that ask an instrument: with the engine in the browser, or without a line of script, and one door for both.

The page without a script carries the answers with it, as the submission that they will be; nothing is kept before the
end. What arrives at the end is checked anew, from whichever place it comes (`submission.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from uuid import uuid4

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spean.access.pages import AccessRequest
from spean.country import pack
from spean.country.pack import Instrument, UnknownCode
from spean.detection import instruments, submission
from spean.instruments import recheck
from spean.instruments.engine import ANSWERED, MOST_REPEATS, Instance
from spean.instruments.evaluate import Point
from spean.instruments.recheck import Refused
from spean.lib import clock
from spean.workflow.engine import CannotDo

# An old version never changes, and may be kept by the browser for as long as it likes.
FOR_EVER = "private, max-age=31536000, immutable"


@require_safe
def definition(request: AccessRequest, name: str, version: str) -> HttpResponse:
    """The compiled definition of one version, for the engine in the browser."""
    answer = JsonResponse(_version(name, version).made.definition, json_dumps_params={"ensure_ascii": False})
    answer["Cache-Control"] = FOR_EVER
    return answer


@require_safe
def xform(request: AccessRequest, name: str, version: str) -> HttpResponse:
    """The XForm of one version, for ODK's programs."""
    answer = HttpResponse(_version(name, version).made.xform, content_type="text/xml; charset=utf-8")
    answer["Cache-Control"] = FOR_EVER
    return answer


@dataclass(frozen=True)
class Kept:
    """What became of a submission: the page where it is shown, what else is told, and whether it came first."""

    page: str
    fresh: bool
    told: Mapping[str, str] = field(default_factory=dict)


# What to do with a submission of some kind, and where the engine in the browser sends it.
Keep = Callable[[bytes], Kept]


@require_POST
def submit(request: AccessRequest) -> JsonResponse:
    """Take a screening in: 201 with the result, 200 if it came before, else a code and nothing kept."""
    return take_in(request, _screening(request))


def take_in(request: AccessRequest, keep: Keep) -> JsonResponse:
    """Take a submission in: 201, 200 if it came before, else a code and nothing kept."""
    try:
        if int(request.headers.get("Content-Length") or 0) > recheck.LARGEST:
            raise Refused("too_large")
        kept = keep(request.body)
    except RequestDataTooBig:
        return _refusal(Refused("too_large"))
    except Refused as refused:
        return _refusal(refused)
    except CannotDo as why:
        return JsonResponse({"code": "cannot_do", "path": "", "message": " ".join(why.messages)}, status=409)
    return JsonResponse({**kept.told, "page": kept.page}, status=201 if kept.fresh else 200)


def _screening(request: AccessRequest) -> Keep:
    def keep(xml: bytes) -> Kept:
        received = submission.receive(request.user, xml)
        found = received.screening
        told = {"screening": str(found.pk), "case": found.case.code, "result": found.result}
        return Kept(reverse("screening_result", args=[found.pk]), received.fresh, told)

    return keep


@require_http_methods(["GET", "HEAD", "POST"])
def fill(request: AccessRequest, name: str) -> HttpResponse:
    """Ask a screening page by page. The engine in the browser takes over where there is one."""
    instrument = instruments.find(name)
    if instrument is None or not instrument.is_screening:
        raise Http404
    return walk(request, instrument, reverse("instrument_submit"), _screening(request))


def of_kind(kind: str) -> Instrument:
    """The instrument of a kind of which a country has one; Http404 where it has none."""
    found = next((one for one in instruments.ready() if one.kind == kind), None)
    if found is None:
        raise Http404
    return found


def walk(request: AccessRequest, instrument: Instrument, submit_url: str, keep: Keep) -> HttpResponse:
    """Ask an instrument page by page, from the first to what becomes of the answers."""
    about = (request, instrument, submit_url)
    if request.method != "POST":
        return _shown(*about, _new(instrument), 0, {})
    try:
        instance = _carried(instrument, request.POST.get("state", ""))
    except Refused:
        return HttpResponseRedirect(request.path)
    pages = instance.definition["pages"]
    number = _whole(request.POST.get("page"), len(pages) - 1)
    _take(instance, request.POST, pages[number])
    if "add" in request.POST or "remove" in request.POST:
        _change(instance, request.POST)
        return _shown(*about, instance, number, {})
    if "back" in request.POST:
        return _shown(*about, instance, _next(instance, number, -1), {})
    wrong = _wrong(instance, pages[number])
    if wrong:
        return _shown(*about, instance, number, wrong)
    onward = _next(instance, number, 1)
    if onward != number:
        return _shown(*about, instance, onward, {})
    try:
        kept = keep(instance.xml().encode())
    except Refused as refused:
        return _shown(*about, instance, _page_of(instance, refused.path), {refused.path: _said(refused.code)})
    except CannotDo as why:
        return _shown(*about, instance, number, {"": " ".join(why.messages)})
    return HttpResponseRedirect(kept.page)


def _version(name: str, version: str) -> Instrument:
    try:
        found = instruments.get(name, version)
    except UnknownCode:
        raise Http404 from None
    if found.book is None:
        raise Http404
    return found


def _refusal(refused: Refused) -> JsonResponse:
    return JsonResponse(refused.as_json(), status=refused.status)


def _new(instrument: Instrument) -> Instance:
    now = clock.now().astimezone(UTC).isoformat(timespec="milliseconds")
    stamps = {"start": now, "end": now, "deviceid": "page", "instance": f"uuid:{uuid4()}"}
    today = pack().today().isoformat()
    return Instance(instrument.made.definition, today=today, stamps=stamps, language=get_language() or "en")


def _carried(instrument: Instrument, state: str) -> Instance:
    """What was answered on the pages before: read as carefully as a submission, but not yet held to be complete."""
    found = submission.reopened(instrument, state)
    found.settle()
    return found


def _whole(text: str | None, most: int) -> int:
    return min(int(text), most) if text and text.isascii() and text.isdecimal() else 0


def _points(instance: Instance, paths: list[str]) -> list[Point]:
    """What a page shows, in order: groups, entries of repeats, questions and notes."""
    found: list[Point] = []
    for path in paths:
        parent, _slash, name = path.rpartition("/")
        for like in instance.at(parent).by_name.get(name, []):
            found += list(instance.points(like))
    return [point for point in found if point.relevant]


def _take(instance: Instance, sent: Any, paths: list[str]) -> None:
    for point in _points(instance, paths):
        key = instance.path(point)
        if point.node.get("type") in ANSWERED and (key in sent or f"there-{key}" in sent):
            instance.set(
                point,
                " ".join(sent.getlist(key)) if point.node["type"] == "select_multiple" else sent.get(key, "").strip(),
            )
    instance.settle()


def _change(instance: Instance, sent: Any) -> None:
    try:
        if "add" in sent:
            parent, _slash, name = sent["add"].rpartition("/")
            holder = instance.at(parent)
            repeated = any(child["name"] == name and child["kind"] == "repeat" for child in holder.node["nodes"])
            if repeated and len(holder.by_name.get(name, [])) < MOST_REPEATS:
                instance.add(holder, name)
        else:
            entry = instance.at(sent["remove"])
            if entry.node["kind"] == "repeat":
                instance.remove(entry)
    except KeyError:
        return
    instance.settle()


def _next(instance: Instance, number: int, way: int) -> int:
    """The next page on which something is shown; the page itself if there is none."""
    pages = instance.definition["pages"]
    at = number + way
    while 0 <= at < len(pages):
        if _points(instance, pages[at]):
            return at
        at += way
    return number


def _page_of(instance: Instance, path: str) -> int:
    for number, paths in enumerate(instance.definition["pages"]):
        if any(path == one or path.startswith(one) for one in paths):
            return number
    return 0


def _wrong(instance: Instance, paths: list[str]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for point in _points(instance, paths):
        violation = instance.violation(point)
        if violation is not None:
            stated = point.node.get(f"{violation.code}_message")
            wrong[violation.path] = instance.words(stated, point) if stated else _said(violation.code)
    return wrong


def _said(code: str) -> str:
    return {
        "required": _("Answer this question"),
        "type": _("Enter this in the form that is asked for"),
        "wrong_type": _("Enter this in the form that is asked for"),
        "constraint": _("This answer is not possible"),
    }.get(code, _("This could not be taken in. Check the answers."))


def _shown(
    request: AccessRequest,
    instrument: Instrument,
    submit_url: str,
    instance: Instance,
    number: int,
    wrong: dict[str, str],
) -> HttpResponse:
    pages = instance.definition["pages"]
    fields = [_field(instance, point, wrong) for point in _points(instance, pages[number])]
    repeats = [path for path in pages[number] if _kind(instance, path) == "repeat"]
    context = {
        "instrument": instrument,
        "title": instrument.title(),
        "fields": fields,
        "wrong": list(wrong.items()),
        "repeats": [(path, _("Add another")) for path in repeats],
        "number": number,
        "is_first": _next(instance, number, -1) == number,
        "is_last": _next(instance, number, 1) == number,
        "state": instance.xml(),
        "definition_url": reverse("instrument_definition", args=[instrument.name, instrument.version]),
        "submit_url": submit_url,
        "language": get_language() or "en",
    }
    return render(request, "detection/instrument.html", context, status=200)


def _kind(instance: Instance, path: str) -> str:
    node = instance.definition["root"]
    for name in path.split("/"):
        node = next(child for child in node["nodes"] if child["name"] == name)
    return str(node["kind"])


def _field(instance: Instance, point: Point, wrong: dict[str, str]) -> dict[str, Any]:
    """One row of the page, as its template shows it."""
    key = instance.path(point)
    node = point.node
    chosen = point.value.split() if node.get("type") in ("select_one", "select_multiple") else []
    return {
        "key": key,
        "kind": node["kind"] if node["kind"] != "field" else node["type"],
        "label": instance.words(node.get("label"), point),
        "hint": instance.words(node.get("hint"), point),
        "value": point.value,
        "look": node.get("appearance", ""),
        "required": instance.required(point),
        "error": wrong.get(key, ""),
        "choices": [
            {"name": name, "label": label, "chosen": name in chosen} for name, label in instance.choices(point)
        ],
    }
