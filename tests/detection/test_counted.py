"""An adult said no: what is left for the count carries nobody's identity, and is complete."""

from typing import Any

import pytest
from django.apps import apps
from django.http import Http404

from spean.cases.consent import record_refusal
from spean.cases.grounds import confirm_ground, record_ground
from spean.cases.models import Task
from spean.detection import actions as detection
from spean.detection.models import Screening
from spean.privacy import doors, vault
from spean.privacy.fields import sealed_fields
from spean.privacy.models import Event, ShareReceipt
from spean.referral import actions as referral
from spean.workflow.engine import CannotDo
from tests import steps
from tests.cast import Cast

PURPOSE = "referral_to_focal_agency"


def test_nothing_that_names_her_can_be_opened_and_the_facts_are_all_there(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    case = steps.screened(cast).case
    # A ground that somebody recorded earlier does not outlive her no.
    row = record_ground(
        cast.screener, case, ground="danger_to_life", purpose=PURPOSE, classes=["identity"],
        reasons="The recruiter waits outside for Dara.",
    )  # fmt: skip
    record_refusal(cast.screener, case, purpose=PURPOSE, language="km")
    with django_capture_on_commit_callbacks(execute=True):
        detection.count_without_identity(cast.screener, case, reason="fears_authorities")
    case.refresh_from_db()

    assert vault.is_destroyed(case.subject)
    assert case.person_id is None
    sealed = 0
    for model in apps.get_models():
        names = list(sealed_fields(model))
        if not names or not any(field.name == "case" for field in model._meta.concrete_fields):
            continue
        for found in model._default_manager.filter(case=case):
            kept = [name for name in names if getattr(found, name) is not None]
            items = [
                vault.Sealed(found.subject, vault.label_of(model, name), found.pk, getattr(found, name))
                for name in kept
            ]
            for text, erased in vault.open_sealed(items):
                assert (text, erased) == (None, True)
                sealed += 1
    assert sealed >= 4  # name, contact, notes of the interview, and the reasons above: all were there, none opens

    # Complete for the count.
    screening = Screening.objects.get(case=case)
    assert (case.sex, case.nationality, case.age_at_screening, case.detected_province) == ("female", "KHM", 25, "01")
    assert (case.status, case.refusal_reason) == ("counted", "fears_authorities")
    assert screening.result == "presumed_victim"
    assert Event.objects.filter(action="case.counted_without_identity", case_id=case.pk).count() == 1

    # And the end of it: nothing waits, nothing is sent, no second person can open it again.
    assert not Task.objects.filter(case=case, done_at__isnull=True).exists()
    with pytest.raises(CannotDo):
        confirm_ground(cast.colleague, row)
    with pytest.raises(CannotDo):
        referral.refer_case(cast.screener, case, cast.org("focal"))
    with pytest.raises(CannotDo):
        referral.send_referral(
            cast.screener, case, "service", cast.org("shelter"), service=steps.service(cast), sections=["identity"]
        )
    assert not ShareReceipt.objects.exists()
    with pytest.raises(Http404):
        doors.reveal(cast.colleague, [row], ["reasons"], "casework")
