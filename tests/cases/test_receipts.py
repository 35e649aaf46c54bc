"""The paper for the person: her language, what she agreed to, and never a name or a door."""

from datetime import timedelta

import pytest

from spean.cases import spoken
from spean.cases.consent import record_consent, record_refusal, withdraw_consent
from spean.cases.receipts import WORDS, printed
from spean.country import lists
from spean.lib import clock
from spean.lib.identifiers import check_code
from spean.privacy.models import Consent, Event
from tests import steps
from tests.cast import Cast
from tests.detection.walk import Walker
from tests.signed_in import signed_in


def agreed(cast: Cast) -> Consent:
    steps.consented(cast)
    return Consent.objects.get()


def test_it_can_be_printed_in_the_languages_of_the_pack() -> None:
    assert {"en", "km", "vi", "th"} <= set(spoken.languages())
    assert set(lists.SPOKEN["receipt"]) == set(WORDS)


@pytest.mark.parametrize("language", ["en", "km", "vi", "th"])
def test_it_says_what_with_whom_until_when_and_how_to_take_it_back(cast: Cast, language: str) -> None:
    row = agreed(cast)
    client = signed_in(cast.screener)
    page = client.get(f"/consent/{row.pk}/receipt/{language}/")
    assert page.status_code == 200
    text = page.content.decode()
    assert check_code(row.code or "") in text
    assert f'lang="{language}"' in text
    shown = printed(row, language)
    assert all(value and value in text for _name, value in shown["facts"])
    assert shown["words"]["withdraw"] in text
    assert "Sok" not in text
    if language in ("vi", "th"):
        assert shown["words"]["withdraw"] != printed(row, "en")["words"]["withdraw"]
        assert shown["facts"][0][1] != printed(row, "en")["facts"][0][1]


def test_a_day_of_ending_stands_on_it(cast: Cast) -> None:
    case = steps.screened(cast).case
    day = clock.today() + timedelta(days=30)
    row = record_consent(
        cast.screener, case, purpose="referral_to_focal_agency", classes=["identity"], evidence="thumbprint",
        language="km", valid_until=day,
    )  # fmt: skip
    assert str(day.year) in dict(printed(row, "en")["facts"])["Until"]


@pytest.mark.parametrize("secret", [{"residential": True}, {"confidential_location": True}])
def test_a_shelter_is_neither_named_nor_found_by_it(cast: Cast, secret: dict[str, bool]) -> None:
    case = steps.registered(cast)
    steps.service(cast, **secret)
    steps.agree(cast, case, "service_referral", cast.org("shelter"), classes=("identity",))
    row = Consent.objects.get(purpose="service_referral")
    text = signed_in(cast.manager).get(f"/consent/{row.pk}/receipt/en/").content.decode()
    assert "River House" not in text
    assert "Street 99" not in text
    assert "not printed here" in text


def test_an_open_service_is_named(cast: Cast) -> None:
    case = steps.registered(cast)
    steps.service(cast, confidential_location=False)
    steps.agree(cast, case, "service_referral", cast.org("shelter"), classes=("identity",))
    row = Consent.objects.get(purpose="service_referral")
    assert "River House" in dict(printed(row, "en")["facts"]).values().__str__()


def test_handing_it_over_is_logged_once(cast: Cast) -> None:
    row = agreed(cast)
    walker = Walker(signed_in(cast.screener))
    walker.go(f"/consent/{row.pk}/receipt/")
    walker.send(language="vi")
    assert walker.at.endswith("/receipt/vi/")
    event = Event.objects.get(action="consent.receipt_given")
    assert (event.object_id, event.facts) == (row.pk, {"language": "vi"})


@pytest.mark.parametrize(
    "name", ["outsider", "colleague", "manager", "officer", "provider", "auditor", "administrator"]
)
def test_strangers_get_no_paper(cast: Cast, name: str) -> None:
    row = agreed(cast)
    client = signed_in(getattr(cast, name))
    for path in (f"/consent/{row.pk}/receipt/", f"/consent/{row.pk}/receipt/en/"):
        assert client.get(path).status_code == 404
        assert client.post(path, {"language": "en"}).status_code in (404, 405)
    assert not Event.objects.filter(action="consent.receipt_given").exists()


def test_there_is_none_for_a_no_nor_for_what_was_taken_back(cast: Cast) -> None:
    row = agreed(cast)
    client = signed_in(cast.screener)
    withdraw_consent(cast.screener, row)
    refusal = record_refusal(cast.screener, row.case, purpose="referral_to_focal_agency", language="km")
    for one in (row, refusal):
        assert client.get(f"/consent/{one.pk}/receipt/en/").status_code == 404
    assert client.get(f"/consent/{row.pk}/receipt/xx/").status_code == 404


def test_it_can_be_reached_from_the_case(cast: Cast) -> None:
    row = agreed(cast)
    page = signed_in(cast.screener).get(f"/case/{row.case_id}/").content.decode()
    assert f"/consent/{row.pk}/receipt/" in page
