"""What the database itself refuses about consents, whoever writes."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from spean.cases.models import Case
from spean.lib import clock
from spean.privacy.models import TOLD, Consent

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


@pytest.mark.parametrize(
    ("said", "constraint"),
    [
        ({"classes": []}, "consent_names_classes"),
        ({"given_by": "guardian"}, "consent_guardian_not_suspect"),
        ({"given_by": "authorised_adult"}, "consent_guardian_not_suspect"),
        ({"interpreter": True}, "consent_interpreter_not_from_scene"),
        ({"withdrawn_at": clock.now()}, "consent_withdrawn_pair"),
        ({"ground": "convenience"}, "consent_ground_known"),
        ({"given_by": "employer"}, "consent_giver_known"),
        ({"confirmed_at": clock.now()}, "consent_confirmed_by_another"),
        # What stands in for consent stands on two people, whoever writes the row.
        ({"ground": "best_interests"}, "ground_needs_second_person"),
        ({"ground": "court_order"}, "ground_needs_second_person"),
        ({"ground": "danger_to_life"}, "ground_needs_second_person"),
    ],
)
def test_refused(case: Case, consent_facts, said: dict, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Consent.objects.create(**consent_facts(case, **said))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"status": "refused", "classes": []},
        {"given_by": "guardian", "guardian_is_not_suspect": True},
        {"ground": "best_interests", "given_by": "guardian", "status": "unconfirmed"},
        {"interpreter": True, "interpreter_not_from_scene": True},
    ],
)
def test_taken(case: Case, consent_facts, said: dict) -> None:
    Consent.objects.create(**consent_facts(case, **said))


def test_nobody_confirms_his_own_record(cast, case: Case, consent_facts) -> None:
    own = {"ground": "best_interests", "confirmed_at": clock.now(), "confirmed_by": cast.manager}
    with pytest.raises(IntegrityError, match="consent_confirmed_by_another"), transaction.atomic():
        Consent.objects.create(**consent_facts(case, **own))
    Consent.objects.create(**consent_facts(case, **own, recorded_by=cast.registry))


@pytest.mark.parametrize(
    "change", [{"classes": ["health"]}, {"recipient": None}, {"told_uses": True}, {"ground": "court_order"}]
)
def test_what_she_said_cannot_be_rewritten(case: Case, consent_facts, change: dict) -> None:
    row = Consent.objects.create(**consent_facts(case))
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Consent.objects.filter(pk=row.pk).update(**change)


def test_a_consent_is_never_removed(case: Case, consent_facts) -> None:
    row = Consent.objects.create(**consent_facts(case))
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()


@pytest.mark.parametrize(("first", "then"), [("refused", "given"), ("refused", "withdrawn"), ("given", "refused")])
def test_a_change_of_mind_is_a_new_row(cast, case: Case, consent_facts, first: str, then: str) -> None:
    row = Consent.objects.create(**consent_facts(case, status=first))
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Consent.objects.filter(pk=row.pk).update(status=then, withdrawn_at=clock.now(), withdrawn_by=cast.manager)


def test_seven_things_to_tell() -> None:
    assert len(TOLD) == 7
    assert all(Consent._meta.get_field(name) for name in TOLD)
