"""Reasons, obstacles and questions of the ranking as sentences in the reader's language.

One function per code of `rules.py`; a test walks through every code that the rules can give.
"""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from spean.country.fields import label
from spean.directory import texts
from spean.referral.rules import Reason

Params = Mapping[str, str]


def sentence(reason: Reason) -> str:
    """What a reason, an obstacle or a question says."""
    return SENTENCES[reason.code](dict(reason.params))


def _who(params: Params) -> str:
    return texts.who(_several(params.get("sexes", "")), _number(params["low"]), _number(params["high"]))


def _several(joined: str) -> list[str]:
    return [part for part in joined.split(";") if part]


def _number(text: str) -> int | None:
    return int(text) if text else None


def _labels(codelist: str, joined: str) -> str:
    return texts.listed([label(codelist, code) for code in _several(joined)])


def _places(params: Params) -> str:
    told = texts.places(int(params["free"]), int(params["maximum"]))
    return f"{told}, {texts.confirmed(_number(params['days']))}"


def _old(params: Params) -> str:
    days = _number(params["days"])
    if days is None:
        return _("The number of free places was never confirmed. Ask before you rely on it.")
    return ngettext(
        "The number of free places is %(days)s day old. Ask before you rely on it.",
        "The number of free places is %(days)s days old. Ask before you rely on it.",
        days,
    ) % {"days": days}


def _full_when_last_told(params: Params) -> str:
    days = _number(params["days"])
    if days is None:
        return _("No place was free, but the figure was never confirmed. Ask whether one is free now.")
    return ngettext(
        "No place was free %(days)s day ago. Ask whether one is free now.",
        "No place was free %(days)s days ago. Ask whether one is free now.",
        days,
    ) % {"days": days}


def _gender_not_named(params: Params) -> str:
    return _("It names %(who)s. Ask whether it takes this person too (%(sex)s).") % {
        "who": _who({**params, "low": params["low"], "high": params["high"]}),
        "sex": label("sex", params["sex"]),
    }


SENTENCES: dict[str, Callable[[Params], str]] = {
    # why it fits
    "takes": lambda params: _("Takes %(who)s") % {"who": _who(params)},
    "nationality_taken": lambda params: (
        _("Takes people of this nationality (%(nationality)s)")
        % {"nationality": label("nationality", params["nationality"])}
    ),
    "specialised": lambda params: (
        _("Has experience with %(forms)s") % {"forms": _labels("exploitation_form", params["forms"])}
    ),
    "speaks": lambda params: _("Speaks %(languages)s") % {"languages": _labels("language", params["languages"])},
    "disability_access": lambda params: _("Is equipped for people with disabilities"),
    "free_places": _places,
    "places_not_counted": lambda params: _("Places are not counted here"),
    "same_province": lambda params: _("In the same province"),
    "serves_province": lambda params: _("Comes to %(province)s") % {"province": texts.province(params["province"])},
    "distance": lambda params: (
        _("In %(province)s, about %(kilometres)s km away")
        % {"province": texts.province(params["province"]), "kilometres": params["kilometres"]}
    ),
    "meets_standards": lambda params: _("Meets the minimum standards"),
    "below_standards": lambda params: _("Was found below the minimum standards"),
    "residential_high_risk": lambda params: _("A protected place to live: the risk is high"),
    "residential_last": lambda params: _("A place in an institution: family or community care comes first"),
    # why it cannot
    "adults_only": lambda params: _("Takes adults only; a possible child is treated as a child"),
    "age_outside": lambda params: _("Takes only %(who)s") % {"who": _who(params)},
    "sex_not_taken": lambda params: _("Takes only %(who)s") % {"who": _who(params)},
    "nationality_not_taken": lambda params: (
        _("Does not take people of this nationality (%(nationality)s)")
        % {"nationality": label("nationality", params["nationality"])}
    ),
    "form_not_taken": lambda params: _("Only for %(forms)s") % {"forms": _labels("exploitation_form", params["forms"])},
    "needs_documents": lambda params: _("Asks for identity documents, and the person has none"),
    "no_free_place": lambda params: _("No place is free (%(told)s)") % {"told": _places(params)},
    # what to ask first
    "age_unknown": lambda params: _("The age is not known. It takes %(who)s.") % {"who": _who(params)},
    "age_uncertain": lambda params: _("The age is at the limit or in doubt. It takes %(who)s.") % {"who": _who(params)},
    "sex_unknown": lambda params: _("The sex or gender is not known. It takes %(who)s.") % {"who": _who(params)},
    "gender_not_named": _gender_not_named,
    "nationality_unknown": lambda params: _("It takes certain nationalities, and the person’s is not known."),
    "form_unknown": lambda params: (
        _("It is meant for %(forms)s, and the form of exploitation is not known.")
        % {"forms": _labels("exploitation_form", params["forms"])}
    ),
    "language_unknown": lambda params: _("The person’s language is not known. Ask whether an interpreter is needed."),
    "interpreter_needed": lambda params: (
        _("Nobody there speaks %(languages)s. Arrange an interpreter.")
        % {"languages": _labels("language", params["languages"])}
    ),
    "disability_access_unknown": lambda params: _("Ask whether it is equipped for the person’s disability."),
    "documents_unknown": lambda params: _("It asks for identity documents. Ask the person whether there are any."),
    "capacity_old": _old,
    "full_when_last_told": _full_when_last_told,
    "province_not_served": lambda params: (
        _("It does not name %(province)s among its provinces. Ask whether it takes people from there.")
        % {"province": texts.province(params["province"])}
    ),
}
