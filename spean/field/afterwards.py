"""What is asked after the screening: what was told, what helps, what the person says, and where the case goes.

The questions of the pages of consent and referral, as a definition for the engine of instruments: the phone asks them
without a network, and the server works the answers out anew. Words come from the screens and the country's lists.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.access.models import Organisation
from spean.access.roles import SECTIONS
from spean.cases import labels, spoken
from spean.cases.spoken import TOLD_ALOUD, said
from spean.country import pack
from spean.instruments import xpath
from spean.instruments.definition import Definition, Node

NAME = "afterwards"
VERSIONS = {False: "adult-1", True: "child-1"}
Words = str | Promise
MOST_KEPT = 64
# Drawings that we ship, by the code they stand for; another code has none.
DRAWN = {
    "yes", "no", "unknown", "declined", "shelter", "medical", "psychological", "legal", "interpretation", "family",
    "basic_needs", "safety", "repatriation", "documents", "livelihood", "education",
}  # fmt: skip


_made: dict[tuple[Any, ...], Definition] = {}


def definition(*, child: bool, agencies: Iterable[Organisation]) -> Definition:
    """The questions, for an adult or for whoever may be a child; `agencies` are the focal agencies to choose from.

    Put together once for the same day, agencies and country: what comes back is shared, and is not to be changed.
    """
    there = list(agencies)
    key = (child, pack().folder, pack().today(), *((one.pk, one.name, one.name_km, one.province) for one in there))
    if key not in _made:
        if len(_made) >= MOST_KEPT:
            _made.clear()
        _made[key] = _definition(child, there)
    return _made[key]


def _definition(child: bool, agencies: list[Organisation]) -> Definition:
    lists = _lists(child, agencies)
    told = _group(
        "told", _("Rights"),
        _one("rights_method", _("How did you tell the person about their rights?"), "rights_method"),
        _one("rights_language", _("In which language?"), "spoken", relevant="/data/told/rights_method != 'not_told'"),
        _one("understood", _("Did the person understand?"), "answer", relevant="/data/told/rights_method != 'not_told'",
             required=False, aloud="understood"),
    )  # fmt: skip
    helped = _group(
        "help", _("Help"),
        _many("needs", _("What does the person need?"), "need", required=False, aloud="needs"),
        _many("urgent", _("What cannot wait until tomorrow?"), "need", required=False, chosen_in="/data/help/needs",
              aloud="urgent"),
        _many("direct_help", _("What help did you give?"), "direct_help", required=False),
    )  # fmt: skip
    says = _group(
        "agreement", _("What the person says"),
        _one("says", _("What does the child say?") if child else _("What does the person say?"), "says",
             hint=_("Read the points on the next page aloud before you answer yes."),
             aloud="says_child" if child else "says"),
    )  # fmt: skip
    agreed = "/data/agreement/says = 'yes'"
    yes = [
        _many("told_points", _("Read each point aloud, and tick it when it is understood"), "told",
              constraint=f"count-selected(.) = {len(TOLD_ALOUD)}",
              message=_("Explain every point and tick it: a yes counts only when the person knows what it means.")),
        _many("classes", _("What may be shared?"), "information_class",
              hint=_("Ask about each. What is not ticked stays here."), aloud="classes"),
        _one("evidence", _("How was the agreement given?"), "consent_evidence"),
        _one("consent_language", _("In which language did you explain it?"), "spoken"),
        _one("interpreter", _("Was there an interpreter?"), "interpreter", constraint=". != 'scene'",
             message=_("A yes through somebody from the scene does not count. Find another interpreter, also by telephone.")),
    ]  # fmt: skip
    if child:
        yes += [
            _one("given_by", _("Who agrees for the child?"), "given_by"),
            _one("not_suspect",
                 _("This adult is not suspected of having harmed the child, and does not depend on somebody who is"),
                 "yes_no", constraint=". = 'yes'",
                 message=_("Whoever may have harmed the child cannot agree for the child")),
        ]  # fmt: skip
    parts = [told, helped, says, _group("consent", _("The yes"), *yes, relevant=agreed)]
    if child:
        parts.append(
            _group("alone", _("The child’s best interests"),
                   _text("reasons", _("Why can nobody agree for the child, and why is this best for the child?"),
                         constraint="string-length(.) >= 10", message=_("Write down your reasons, in a sentence at least")),
                   relevant="/data/agreement/says = 'best_interests'")
        )  # fmt: skip
    parts += [
        _group(
            "refusal", _("The no"),
            _one("reason", _("Why not?"), "refusal_reason", hint=_("Only if the person says so. Do not insist.")),
            _one("refusal_language", _("In which language did you talk?"), "spoken"),
            relevant="/data/agreement/says = 'no'",
        ),
        _group(
            "referral", _("Where the case goes"),
            _one("to", _("Which focal agency?"), "agency"),
            _one("urgent_today", _("Help is needed within hours"), "yes_no"),
            _text("message", _("What should they know first?"), required=False,
                  hint=_("For example where to meet the person, and what not to do. It is sealed.")),
            relevant=f"{agreed} or /data/agreement/says = 'best_interests'",
        ),
    ]  # fmt: skip
    meta = {"name": "meta", "kind": "group", "nodes": [
        {"name": "instanceID", "kind": "field", "type": "meta", "preload": "instance"},
        {"name": "today", "kind": "field", "type": "meta", "preload": "today"},
    ]}  # fmt: skip
    return {
        "id": NAME, "version": VERSIONS[child], "title": NAME, "languages": spoken.languages(),
        "language": settings.LANGUAGE_CODE, "root": {"name": "data", "kind": "group", "nodes": [meta, *parts]},
        "lists": lists, "pages": [[part["name"]] for part in parts],
    }  # fmt: skip


# --- the lists -----------------------------------------------------------------------------------------------


def _lists(child: bool, agencies: list[Organisation]) -> dict[str, list[dict[str, Any]]]:
    country = pack()
    codes = {name: _codes(name) for name in ("need", "direct_help", "consent_evidence", "refusal_reason")}
    shared = [item for item in _codes("information_class") if item["name"] in SECTIONS]
    if child:
        says = {
            "yes": _("The child, and a guardian or adult the child trusts, agree"),
            "best_interests": _("There is no such adult: the child’s best interests decide"),
            "no": _("The child does not want to"),
        }  # fmt: skip
    else:
        says = {"yes": _("Yes, the person agrees"), "no": _("No, the person does not want to")}
    says["later"] = _("The person needs time, or too little is known")
    kinds = {"none": _("No, we speak the same language"), "outside": _("Yes, somebody who was not at the scene"),
             "scene": _("Yes, but somebody from the scene")}  # fmt: skip
    languages = [item for item in _codes("language") if item["name"] in country.languages]
    return {
        **codes,
        "information_class": shared,
        "answer": [item for item in _codes("answer") if item["name"] in ("yes", "no", "unknown", "declined")],
        "yes_no": [item for item in _codes("answer") if item["name"] in ("yes", "no")],
        "spoken": [*languages, *(item for item in _codes("language") if item["name"] == "other")],
        "rights_method": [*_codes("rights_method"), {"name": "not_told", "label": said(_("Not yet"))}],
        "says": [{"name": name, "label": said(words, "" if child else name)} for name, words in says.items()],
        "told": [{"name": name, "label": said(words, name)} for name, words in TOLD_ALOUD.items()],
        "interpreter": [{"name": name, "label": said(words)} for name, words in kinds.items()],
        "given_by": [
            {"name": "guardian", "label": said(_("A parent or guardian"))},
            {"name": "authorised_adult", "label": said(_("Another adult who is allowed to"))},
        ],
        "agency": [{"name": str(one.pk), "label": spoken.each(partial(_agency, one))} for one in agencies],
    }


def _agency(organisation: Organisation) -> str:
    name, province = labels.organisation(organisation), labels.place(organisation.province)
    return f"{name} ({province})" if province else name


def _codes(name: str) -> list[dict[str, Any]]:
    found = []
    for code in pack().codelist(name):
        if code.valid(pack().today()):
            item: dict[str, Any] = {"name": code.code, "label": dict(code.labels)}
            if code.code in DRAWN:
                item["image"] = f"{code.code}.svg"
            found.append(item)
    return found


# --- the questions -------------------------------------------------------------------------------------------


def _group(name: str, label: Words, *nodes: Node, relevant: str = "") -> Node:
    node: Node = {
        "name": name,
        "kind": "group",
        "appearance": "field-list",
        "label": said(label),
        "nodes": list(nodes),
    }
    if relevant:
        node["relevant"] = xpath.read(relevant)
    return node


def _field(
    kind: str, name: str, label: Words, *, hint: Words = "", required: bool = True, relevant: str = "",
    constraint: str = "", message: Words = "", aloud: str = "",
) -> Node:  # fmt: skip
    node: Node = {"name": name, "kind": "field", "type": kind, "label": said(label, aloud)}
    if hint:
        node["hint"] = said(hint)
    if required:
        node["required"] = xpath.read("true()")
    if relevant:
        node["relevant"] = xpath.read(relevant)
    if constraint:
        node["constraint"] = xpath.read(constraint)
        node["constraint_message"] = said(message)
    return node


def _one(name: str, label: Words, choices: str, **more: Any) -> Node:
    return {**_field("select_one", name, label, **more), "list": choices}


def _many(name: str, label: Words, choices: str, *, chosen_in: str = "", **more: Any) -> Node:
    """Several choices; with `chosen_in`, only of those that were chosen there, and asked only if any were."""
    if chosen_in:
        more["relevant"] = f"{chosen_in} != ''"
    node = {**_field("select_multiple", name, label, **more), "list": choices}
    if chosen_in:
        node["filter"] = xpath.read(f"selected({chosen_in}, name)")
    return node


def _text(name: str, label: Words, **more: Any) -> Node:
    return {**_field("text", name, label, **more), "appearance": "multiline"}
