"""Writes `docs/access-matrix.csv`: one line per action and relation, a column per role.

A lawyer reviews who may do what by reading this file, and a change of the policy shows as a change of it.
"""

import csv
import io

from spean.access.policy import ACTIONS
from spean.access.roles import ALL, ROLE_SECTIONS, SECTIONS

WORDS = {"": "at all", "all": "any"}


def access_matrix() -> str:
    """The matrix as CSV text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["action", "relation to the object", *ALL])
    for action in sorted(ACTIONS):
        relations = list(dict.fromkeys(rule.relation for rule in ACTIONS[action]))
        for relation in relations:
            allowed = {role for rule in ACTIONS[action] if rule.relation == relation for role in rule.roles}
            words = WORDS.get(relation, relation)
            writer.writerow([action, words, *("yes" if role in allowed else "" for role in ALL)])
    for section in SECTIONS:
        # Read only together with an involvement that grants the section: see policy.may_read.
        readers = ["yes" if section in ROLE_SECTIONS[role] else "" for role in ALL]
        writer.writerow([f"read section: {section}", "involvement grants it", *readers])
    return out.getvalue()
