"""Pages for paper: the sheets to print, and one on which a filled sheet is typed in with one key for each answer.

What is typed in becomes a submission and goes through the same door as everything that was filled in elsewhere.
"""

from datetime import UTC
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from spean.access.pages import AccessRequest
from spean.country import pack
from spean.country.language import own_name
from spean.detection import paper, rules, submission
from spean.detection.paper import KIND, Sheet
from spean.instruments.engine import Instance
from spean.instruments.recheck import Refused
from spean.lib import clock
from spean.workflow.engine import CannotDo

AGE, DISPUTED = "person/age", "person/age_disputed"


@require_safe
def sheets(request: AccessRequest) -> HttpResponse:
    """What can be printed, in each language, and typed in."""
    languages = [(code, own_name(code)) for code in pack().languages]
    context = {"sheets": list(paper.sheets().values()), "languages": languages}
    return render(request, "detection/paper.html", context)


@require_safe
def sheet_pdf(request: AccessRequest, slug: str, language: str) -> HttpResponse:
    if language not in pack().languages:
        raise Http404
    answer = HttpResponse(paper.printed(_sheet(slug), language), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{slug}-{language}.pdf"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def type_in(request: AccessRequest, slug: str) -> HttpResponse:
    """A filled sheet, question by question as it is numbered."""
    sheet = _sheet(slug)
    once = _number(request.POST.get("once"))
    if request.method != "POST":
        return _shown(request, sheet, once, {}, {})
    sent = {one.path: request.POST.getlist(one.path) for one in _questions(sheet)}
    instance = _filled(sheet, once, sent)
    wrong = {**_no_answers(sheet, sent), **_wrong(sheet, instance)}
    if not wrong:
        try:
            received = submission.receive(request.user, instance.xml().encode())
        except Refused as refused:
            wrong[refused.path] = _("This could not be taken in. Check the answers.")
        except CannotDo as refused:
            wrong[""] = " ".join(refused.messages)
        else:
            code = received.screening.case.code
            messages.success(request, _("Write the case code on the sheet: %(code)s") % {"code": code})
            return HttpResponseRedirect(reverse("screening_result", args=[received.screening.pk]))
    return _shown(request, sheet, once, sent, wrong)


def _sheet(slug: str) -> Sheet:
    found = paper.sheets().get(slug)
    if found is None:
        raise Http404
    return found


def _number(text: str | None) -> UUID:
    """The number of this sheet's submission: sent twice, it is kept once."""
    try:
        return UUID(text or "")
    except ValueError:
        return uuid4()


def _questions(sheet: Sheet) -> list[paper.Question]:
    parts = paper.parts(sheet, get_language() or "en", on_paper=False)
    return [question for part in parts for question in part.questions]


def _filled(sheet: Sheet, once: UUID, sent: dict[str, list[str]]) -> Instance:
    now = clock.now().astimezone(UTC).isoformat(timespec="milliseconds")
    stamps = {"start": now, "end": now, "deviceid": "paper", "instance": f"uuid:{once}"}
    instance = paper.blank(sheet, get_language() or "en", stamps)
    for path, values in sent.items():
        instance.set(instance.at(path), " ".join(values).strip())
    if sheet.population:
        instance.set(instance.at(KIND), sheet.exploitation)
    instance.settle()
    return instance


def _no_answers(sheet: Sheet, sent: dict[str, list[str]]) -> dict[str, str]:
    """What no page of ours sends: an answer that its question does not have, or two where there is one."""
    wrong = {}
    for one in _questions(sheet):
        codes = {code for _key, code, _words in one.keys}
        values = sent[one.path]
        if (codes and set(values) - codes - {""}) or (one.kind != "select_multiple" and len(values) > 1):
            wrong[one.path] = _("This answer is not possible")
    return wrong


def _wrong(sheet: Sheet, instance: Instance) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if sheet.population and _population(instance) != sheet.population:
        wrong[AGE] = _("This sheet is for others: by this age, the questions of another sheet belong to the person.")
        return wrong
    for violation in instance.violations():
        point = instance.at(violation.path)
        stated = point.node.get(f"{violation.code}_message")
        usual = _("Answer this question") if violation.code == "required" else _("This answer is not possible")
        wrong[violation.path] = instance.words(stated, point) if stated else usual
    return wrong


def _population(instance: Instance) -> str:
    age = instance.at(AGE).value
    years = int(age) if age.isascii() and age.isdecimal() and len(age) < 4 else None
    return rules.population(years, instance.at(DISPUTED).value == "yes")


def _shown(
    request: AccessRequest, sheet: Sheet, once: UUID, sent: dict[str, list[str]], wrong: dict[str, str]
) -> HttpResponse:
    parts: list[dict[str, Any]] = [
        {
            "title": part.title,
            "questions": [
                {
                    "number": one.number or "",
                    "path": one.path,
                    "kind": one.kind,
                    "label": one.label,
                    "error": wrong.get(one.path, ""),
                    "value": " ".join(sent.get(one.path, [])),
                    "choices": [
                        {"key": key, "code": code, "words": words, "chosen": code in sent.get(one.path, [])}
                        for key, code, words in one.keys
                    ],
                }
                for one in part.questions
            ],
        }
        for part in paper.parts(sheet, get_language() or "en", on_paper=False)
    ]
    context = {
        "sheet": sheet, "title": sheet.instrument.title(), "parts": parts, "once": once, "wrong": list(wrong.items()),
    }  # fmt: skip
    return render(request, "detection/paper_type_in.html", context, status=422 if wrong else 200)
