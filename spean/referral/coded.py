"""The coded facts of a person that a recipient sees before it answers: enough to decide, too little to find her by."""

from django.utils.translation import gettext as _

from spean.cases import labels
from spean.country.fields import label
from spean.referral.models import Referral
from spean.referral.rules import NO_DISABILITY


def least(referral: Referral) -> list[tuple[str, str]]:
    """What a referral shows on which nothing may be shared: not confirmed yet, or taken back."""
    case = referral.case
    age = labels.age_band(case.age_at_screening)
    if case.is_child:
        age = _("%(band)s, a child or treated as one") % {"band": age}
    rows = [
        (_("Sex"), label("sex", case.sex) if case.sex else ""),
        (_("Age group"), age),
        (_("Languages"), ", ".join(label("language", code) for code in case.languages)),
        (_("Province where met"), labels.place(case.detected_province)),
    ]
    return [(name, value or _("Not known")) for name, value in rows]


def facts(referral: Referral) -> list[tuple[str, str]]:
    """Whoever takes on the case sees its facts; a service sees what decides whether it can help, and no more."""
    case = referral.case
    if not referral.sections:
        return least(referral)
    if referral.kind != "service":
        return labels.facts(case)
    age = labels.age_band(case.age_at_screening)
    if case.is_child:
        age = _("%(band)s, a child or treated as one") % {"band": age}
    person = case.person
    languages = (person.languages if person else ()) or case.languages
    disability = [code for code in (person.disability if person else ()) if code not in NO_DISABILITY]
    rows = [
        (_("Sex"), label("sex", case.sex) if case.sex else ""),
        (_("Age group"), age),
        (_("Languages"), ", ".join(label("language", code) for code in languages)),
        (_("Exploitation"), ", ".join(label("exploitation_form", code) for code in case.exploitation_forms)),
        (_("Special needs"), ", ".join(label("disability", code) for code in disability)),
    ]
    return [(name, value or _("Not known")) for name, value in rows]
