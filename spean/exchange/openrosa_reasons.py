"""Why something a phone sent did not become a case, in the words in which its user is told.

Most codes are the re-check's own (`spean.instruments.recheck`); the last ones are of this room.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, str | Promise] = {
    "too_large": _("It is larger than any form here."),
    "not_xml": _("It cannot be read."),
    "forbidden_xml": _("It cannot be read."),
    "unknown_instrument": _("It was filled in on a form that was never offered here."),
    "wrong_instrument": _("It was filled in on a form that was never offered here."),
    "unknown_node": _("It holds questions that its form does not have."),
    "missing_node": _("A question that is asked after the other answers is missing."),
    "wrong_type": _("An answer is of the wrong kind."),
    "too_long": _("An answer is longer than its question allows."),
    "not_a_choice": _("An answer is not one of those its question has."),
    "not_relevant": _("A question was answered that is not asked after the other answers."),
    "required": _("A question that must be answered was left out."),
    "constraint": _("An answer does not fit the others."),
    "calculation": _("The phone worked out something else than the server did from the same answers."),
    "wrong_day": _("Its day cannot be right: look at the clock of the phone."),
    "wrong_identifier": _("It does not have a number of its own."),
    "identifier_taken": _("Another one has its number."),
    "changed_later": _("It changes one that was sent before. Write the change into the case."),
    "not_opened": _("It was sealed on the phone and does not open, or is not whole."),
    "conflict": _("Something else was sent under the same number before. Both are kept: decide which was meant."),
    "not_followed": _("The screening is a case; what was agreed after it, or the referral, could not be carried out."),
    "refused": _("It could not become a screening: nothing in it is answered, or it was not yours to send."),
}
