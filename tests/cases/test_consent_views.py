"""Pages of agreement: yes, no, not yet; an adult who is counted, a child whose best interests decide."""

from typing import Any

import pytest
from django.test import Client

from spean.access.models import Organisation
from spean.cases.consent import TOLD
from spean.cases.models import Case, DirectHelp
from spean.country import pack
from spean.privacy import vault
from spean.privacy.models import Consent
from spean.protection.models import RightsInformation
from tests import steps
from tests.cast import Cast
from tests.detection.walk import Walker, hidden
from tests.signed_in import signed_in

YES: dict[str, Any] = {
    "told": list(TOLD), "classes": ["identity", "narrative"], "language": "km", "interpreter_kind": "none",
    "evidence": "thumbprint",
}  # fmt: skip


@pytest.fixture
def walker(cast: Cast) -> Walker:
    return Walker(signed_in(cast.screener))


def consent_page(case: Case) -> str:
    return f"/case/{case.pk}/consent/referral_to_focal_agency/"


@pytest.mark.parametrize("name", ["outsider", "colleague", "manager", "officer", "administrator"])
def test_strangers_find_no_page_and_change_nothing(cast: Cast, name: str) -> None:
    case = steps.screened(cast).case
    client: Client = signed_in(getattr(cast, name))
    for part in ("agreement", "refusal", "consent/referral_to_focal_agency", "count", "help", "close", "rights"):
        assert client.get(f"/case/{case.pk}/{part}/").status_code == 404
        assert client.post(f"/case/{case.pk}/{part}/", YES).status_code == 404
    assert not Consent.objects.exists()


def test_every_point_has_to_be_explained(cast: Cast, walker: Walker) -> None:
    case = steps.screened(cast).case
    walker.go(consent_page(case))
    page = walker.send(**{**YES, "told": list(TOLD)[:3]})
    assert page.status_code == 422
    assert 'href="#id_told_1"' in walker.text
    assert walker.text.count("checked") >= 5
    assert walker.send(**{**YES, "classes": []}).status_code == 422
    assert walker.send(**{**YES, "interpreter_kind": "scene"}).status_code == 422
    assert not Consent.objects.exists()
    walker.send(**YES)
    assert walker.at.endswith("/refer/")


def test_what_replaces_consent_is_offered_as_it_applies(cast: Cast) -> None:
    """Nothing of a child's best interests to an adult, who decides alone."""
    client = signed_in(cast.screener)
    adult, child = steps.screened(cast, age=30).case, steps.screened(cast, age=12).case
    page = client.get(consent_page(adult)).content.decode()
    assert "a court’s order, or danger to life" in page
    assert "best interests" not in page
    assert "a child’s best interests instead" in client.get(consent_page(child)).content.decode()


def test_organisations_bear_their_khmer_names_and_stand_in_their_order(cast: Cast) -> None:
    case = steps.registered(cast)
    Organisation.objects.filter(pk=cast.org("shelter").pk).update(name="Aa house", name_km="អៈ")
    Organisation.objects.filter(pk=cast.org("authority").pk).update(name="Zz authority", name_km="ក")
    cast.manager.language = "km"
    cast.manager.save()
    page = signed_in(cast.manager).get(f"/case/{case.pk}/consent/service_referral/").content.decode()
    assert "Aa house" not in page
    assert page.index(">ក<") < page.index(">អៈ<")


def test_a_consent_sent_twice_is_recorded_once(cast: Cast, walker: Walker) -> None:
    case = steps.screened(cast).case
    form = {**hidden(walker.client.get(consent_page(case))), **YES}
    assert walker.client.post(consent_page(case), form).status_code == 302
    assert walker.client.post(consent_page(case), form).status_code == 302
    assert Consent.objects.count() == 1


def test_an_adult_who_says_no_is_counted_and_forgotten(
    cast: Cast, walker: Walker, django_capture_on_commit_callbacks: Any
) -> None:
    case = steps.screened(cast).case
    walker.go(f"/case/{case.pk}/count/")
    assert walker.at.endswith("/refusal/")
    walker.go(f"/case/{case.pk}/agreement/")
    walker.send(says="no")
    assert walker.send(language="km").status_code == 422
    walker.send(reason="fears_deportation", language="km")
    assert walker.at.endswith("/count/")
    assert "What is destroyed" in walker.text
    assert "Fears deportation" in walker.text
    with django_capture_on_commit_callbacks(execute=True):
        walker.send()
    case.refresh_from_db()
    assert case.status == "counted"
    assert vault.is_destroyed(case.subject)
    # Help goes on all the same.
    walker.go(f"/case/{case.pk}/help/")
    walker.send(help=["leaflet", "transport"])
    assert DirectHelp.objects.count() == 1
    walker.go(f"/case/{case.pk}/rights/")
    walker.send(language="km", method="read_aloud", understood="yes")
    assert RightsInformation.objects.get().text_version


def test_a_child_who_says_no_is_not_counted_away(cast: Cast, walker: Walker) -> None:
    case = steps.screened(cast, age=15).case
    walker.go(f"/case/{case.pk}/agreement/")
    assert "best interests" in walker.text
    walker.send(says="no")
    walker.send(reason="needs_time", language="km")
    assert "ground=best_interests" in walker.at
    assert walker.client.get(f"/case/{case.pk}/count/").status_code == 302
    typed = {"classes": ["identity"], "ground": "best_interests"}
    assert walker.send(**typed).status_code == 422
    walker.send(**typed, reasons="Nobody safe is with the child tonight.")
    assert walker.at.endswith("/refer/"), walker.text
    assert "confirmed your reasons" in walker.text
    walker.send(to=str(cast.org("focal").pk))
    assert walker.at.endswith("/sent/"), walker.text
    assert "waits for a second person" in walker.text


def test_a_suspected_guardian_cannot_agree(cast: Cast, walker: Walker) -> None:
    case = steps.screened(cast, age=15).case
    walker.go(consent_page(case))
    assert walker.send(**YES, given_by="guardian").status_code == 422
    assert "cannot agree for the child" in walker.text
    walker.send(**YES, given_by="guardian", guardian_is_not_suspect="on")
    assert Consent.objects.get().given_by == "guardian"


def test_an_adult_has_no_best_interests_that_others_decide(cast: Cast, walker: Walker) -> None:
    case = steps.screened(cast).case
    walker.go(f"/case/{case.pk}/ground/referral_to_focal_agency/?ground=best_interests")
    assert "best interests" not in walker.text.lower()
    typed = {"classes": ["identity"], "ground": "best_interests", "reasons": "She would be safer there."}
    assert walker.send(**typed).status_code == 422
    assert not Consent.objects.exists()


def test_an_agreement_is_taken_back(cast: Cast, walker: Walker) -> None:
    case = steps.consented(cast)
    row = Consent.objects.get()
    walker.go(f"/case/{case.pk}/")
    assert f"/consent/{row.pk}/withdraw/" in walker.text
    walker.go(f"/consent/{row.pk}/withdraw/")
    walker.send()
    row.refresh_from_db()
    assert row.status == "withdrawn"
    walker.go(f"/case/{case.pk}/refer/")
    assert walker.at.endswith("/agreement/")


def test_closing_needs_a_person_with_reasons(cast: Cast, walker: Walker) -> None:
    case = steps.screened(cast).case
    walker.go(f"/case/{case.pk}/close/")
    assert walker.send(reason="no_indication", explanation="no").status_code == 422
    assert walker.send(reason="no_indication", explanation="x" * 10_001).status_code == 422
    walker.send(reason="other_service", explanation="Handed to the labour inspection, Mr Chan told.")
    case.refresh_from_db()
    assert (case.status, case.closing_reason) == ("closed", "other_service")


@pytest.mark.parametrize("language", ["en", "km", "vi", "th"])
def test_the_rights_can_be_read_aloud(cast: Cast, walker: Walker, language: str) -> None:
    walker.go(f"/rights/{language}/")
    assert f'<article class="path-aloud" lang="{language}">' in walker.text
    assert "<li>" in walker.text
    assert "---" not in walker.text.split("<article")[1]
    # The text is a string, and a string has a method “title”: it once stood there whole, as its own heading.
    assert "## " not in walker.text
    assert f">{pack().rights(language).heading}</h2>" in walker.text
    assert walker.client.get("/rights/xx/").status_code == 404


def test_the_rights_text_is_shown_without_its_markup() -> None:
    from spean.protection.rights_text import as_html

    html = as_html("# Title\n\nA <b>word</b> and **weight**.\n\n- one\n- [two](http://x)\n")
    assert "<h1" not in html
    assert "&lt;b&gt;" in html
    assert "<strong>weight</strong>" in html
    assert "<a" not in html
