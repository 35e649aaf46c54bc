"""Who may do what, and who sees which rows and sections. The only place.

An action is a list of rules (`register`); a rule is a set of roles and a relation to the object. A relation is written
once, as a `Q` (`relations`); `may()` and `visible()` both derive from it (`questions`), so that a list and a single
page cannot disagree. An exclusion wins over everything (`exclusions`). Deny by default; no role sees everything; there
is no superuser. `docs/access-matrix.csv` is written from here.
"""

from spean.access.policy.exclusions import CASE_PATH, is_excluded, one_reading
from spean.access.policy.questions import find, known, may, visible, visible_where
from spean.access.policy.register import ACTIONS, HANDLERS, MAY_ASK_PLACE, PUBLIC, SIGNED_IN
from spean.access.policy.relations import CASE_RELATIONS, RELATIONS
from spean.access.policy.sections import (
    may_read,
    may_record,
    may_reveal,
    may_see_initials,
    readable_sections,
    recordable_sections,
    withheld_sections,
)
from spean.access.policy.standings import (
    RESTS_ON,
    Standing,
    find_standing,
    permitted,
    standing,
    visible_in,
)

__all__ = (
    "ACTIONS",
    "CASE_PATH",
    "CASE_RELATIONS",
    "HANDLERS",
    "MAY_ASK_PLACE",
    "PUBLIC",
    "RELATIONS",
    "RESTS_ON",
    "SIGNED_IN",
    "Standing",
    "find",
    "find_standing",
    "is_excluded",
    "known",
    "may",
    "may_read",
    "may_record",
    "may_reveal",
    "may_see_initials",
    "one_reading",
    "permitted",
    "readable_sections",
    "recordable_sections",
    "standing",
    "visible",
    "visible_in",
    "visible_where",
    "withheld_sections",
)
