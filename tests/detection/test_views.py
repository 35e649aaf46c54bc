"""The first responder's path through the pages, without a line of script. The outsider comes first."""

import re
from typing import Any

import pytest

from spean.cases.models import Case, DirectHelp
from spean.detection.models import Screening
from spean.people.actions import register_person
from spean.privacy.models import Event
from spean.protection.models import Need, RiskAssessment
from spean.referral import actions as referral
from spean.referral.models import Referral
from tests import steps
from tests.cast import PEOPLE, Cast
from tests.detection.walk import ABOUT, BEFORE, PERSON, Walker, hidden, to_result
from tests.signed_in import signed_in

NAME = "Sok Dara"


@pytest.fixture
def walker(cast: Cast) -> Walker:
    return Walker(signed_in(cast.screener))


def the_case() -> Case:
    return Case.objects.get()


def pages_of(case: Case, screening: Screening) -> list[str]:
    steps = ("before", "person", "about", "journey", "work", "questions-1", "check", "result")
    parts = (
        "", "interview/", "interview-again/", "second-interview/", "count/", "agreement/", "refusal/", "help/", "close/",
        "consent/referral_to_focal_agency/", "needs/", "risk/", "rights/", "refer/",
    )  # fmt: skip
    return [
        *(f"/screening/{screening.pk}/{step}/" for step in steps),
        *(f"/case/{case.pk}/{part}" for part in parts),
    ]


def test_nobody_else_finds_the_interview(cast: Cast) -> None:
    screening = steps.screened(cast)
    case = screening.case
    for name in sorted(set(PEOPLE) - {"screener"}):
        other = signed_in(getattr(cast, name))
        missing = other.get("/there-is-no-such-page/").content
        for address in pages_of(case, screening):
            if name == "investigator" and address == f"/case/{case.pk}/":
                # He works in the same unit: he sees that there is a case, and nothing of what is in it.
                assert b"What the answers suggest" not in other.get(address).content
                continue
            answer = other.get(address)
            assert (answer.status_code, answer.content) == (404, missing), (name, address)
            # A page that only reads refuses to be written to, whoever asks for whatever.
            assert other.post(address, {"says": "yes"}).status_code in (404, 405), (name, address)
        assert case.code.encode() not in other.get("/cases/").content


def test_the_whole_path_to_the_focal_agency(cast: Cast, walker: Walker) -> None:
    to_result(walker)
    assert "Presumed victim of trafficking" in walker.text
    assert "This is not a decision" in walker.text
    assert "strength not verified" in walker.text or not Screening.objects.get().assessment["unverified"]  # type: ignore[index]
    case = the_case()
    walker.go(f"/case/{case.pk}/needs/")
    walker.send(needs=["shelter", "medical"], urgent=["medical", "legal"])
    assert {(need.code, need.urgent) for need in Need.objects.all()} == {
        ("shelter", False), ("medical", True), ("legal", True),
    }  # fmt: skip
    walker.send(level="medium", factors=["exploiter_nearby"], with_person="yes", response="Stays at the station.")
    assert RiskAssessment.objects.get().level == "medium"
    walker.send(help=["leaflet", "water_food"])
    assert DirectHelp.objects.get().help == ["leaflet", "water_food"]
    assert walker.at.endswith("/agreement/")
    walker.send(says="yes")
    walker.send(
        told=["told_interview", "told_purpose", "told_uses", "told_research", "told_access", "told_retention", "told_withdrawal"],
        classes=["identity", "contact", "narrative"], language="km", interpreter_kind="none", evidence="thumbprint",
    )  # fmt: skip
    assert walker.at.endswith("/refer/"), walker.text
    assert walker.text.index("Provincial Social Affairs Office") < walker.text.index("National Social Affairs Registry")
    walker.send(to=str(cast.org("focal").pk), message="Please meet her at the station.")
    assert walker.at.endswith("/sent/"), walker.text
    sent = Referral.objects.get()
    assert sent.sections == ["contact", "identity", "narrative"]
    assert sent.receipt is not None
    assert sent.receipt.code in walker.text
    assert "Name and identity" in walker.text
    case.refresh_from_db()
    assert (case.status, case.legal_status) == ("referred", "presumed_victim")
    assert all(NAME.split()[0] not in address for address in walker.visited)


def test_no_address_holds_a_name(cast: Cast, walker: Walker) -> None:
    to_result(walker)
    links = re.findall(r'(?:href|action)="([^"]*)"', walker.text)
    assert links
    for address in [*links, *walker.visited]:
        assert "Dara" not in address
        assert "Sok" not in address


def test_a_killed_browser_goes_on_where_it_stopped(cast: Cast, walker: Walker) -> None:
    walker.go("/screening/start/")
    walker.send(instrument="first_responder", exploitation="labour")
    walker.send(**BEFORE)
    walker.send(**PERSON)
    again = Walker(signed_in(cast.again("screener")))
    again.go(f"/case/{the_case().pk}/")
    assert "Go on with the interview" in again.text
    again.go(f"/case/{the_case().pk}/interview/")
    assert again.at.endswith("/about/")
    again.go(again.at.replace("about", "person"))
    assert f'value="{NAME}"' in again.text


def test_errors_stand_at_their_fields_and_keep_what_was_typed(walker: Walker) -> None:
    walker.go("/screening/start/")
    walker.send(instrument="first_responder", exploitation="labour")
    walker.send(**BEFORE)
    page = walker.send(stated_name=NAME, age="seventeen", sex="female")
    assert page.status_code == 422
    assert "There is a problem" in walker.text
    assert 'href="#id_age"' in walker.text
    assert f'value="{NAME}"' in walker.text
    assert 'value="seventeen"' in walker.text
    assert Screening.objects.get().stated_name is None
    for age in ("-1", "121", "17.5", "9" * 4000):
        assert walker.send(stated_name=NAME, age=age, sex="female").status_code == 422
    assert walker.send(stated_name=NAME, sex="female").status_code == 422
    assert walker.send(stated_name=NAME, age="", age_unknown="on", sex="female").status_code == 422
    assert walker.send(stated_name=NAME, age="", age_unknown="on", age_disputed="yes", sex="female").status_code == 200
    assert Screening.objects.get().age_disputed


def test_what_is_too_long_is_refused_at_its_field(walker: Walker) -> None:
    walker.go("/screening/start/")
    walker.send(instrument="first_responder", exploitation="labour")
    walker.send(**BEFORE)
    page = walker.send(**{**PERSON, "stated_name": "x" * 201})
    assert page.status_code == 422
    assert "too long" in walker.text
    assert walker.client.post(walker.at, {"stated_name": "x" * 3_000_000}).status_code == 400


def test_signs_that_no_database_holds_are_refused(walker: Walker) -> None:
    walker.go("/screening/start/")
    walker.send(instrument="first_responder", exploitation="labour")
    walker.send(**BEFORE)
    assert walker.send(**{**PERSON, "stated_name": "Sok\x00Dara"}).status_code == 422


def test_a_form_sent_twice_begins_one_case(cast: Cast, walker: Walker) -> None:
    page = walker.go("/screening/start/")
    form = {**hidden(page), "instrument": "first_responder", "exploitation": "labour"}
    first = walker.client.post("/screening/start/", form)
    second = walker.client.post("/screening/start/", form, follow=True)
    assert Case.objects.count() == 1
    assert second.redirect_chain[-1][0] == first["Location"]
    assert Event.objects.filter(action="screening.started").count() == 1


def test_a_step_sent_twice_goes_on(walker: Walker) -> None:
    walker.go("/screening/start/")
    walker.send(instrument="first_responder", exploitation="labour")
    address, form = walker.at, {**hidden(walker.page), **BEFORE}
    assert walker.client.post(address, form).status_code == 302
    assert walker.client.post(address, form).status_code == 302
    assert Screening.objects.get().version == 2


def test_the_second_of_two_windows_is_told_and_loses_nothing(walker: Walker) -> None:
    walker.go("/screening/start/")
    walker.send(instrument="first_responder", exploitation="labour")
    walker.send(**BEFORE)
    address = walker.at
    here, there = hidden(walker.client.get(address)), hidden(walker.client.get(address))
    walker.client.post(address, {**there, **PERSON, "stated_name": "The Other Window"})
    answer: Any = walker.client.post(address, {**here, **PERSON})
    assert answer.status_code == 422
    assert "continued in another window" in answer.content.decode()
    assert f'value="{NAME}"' in answer.content.decode()
    assert walker.client.post(address, {**hidden(answer), **PERSON}).status_code == 302


def test_none_of_these_is_not_the_same_as_not_known(walker: Walker) -> None:
    walker.go("/screening/start/")
    walker.send(instrument="first_responder", exploitation="labour")
    walker.send(**BEFORE)
    walker.send(**PERSON)
    walker.send(**ABOUT)
    address = walker.at
    assert walker.send(ticked=["none", "recruitment"]).status_code == 422
    assert walker.send(ticked=[]).status_code == 422
    walker.send(ticked=["none"])
    assert Screening.objects.get().acts == []
    walker.go(address)
    walker.send(ticked=["unknown"])
    assert Screening.objects.get().acts is None


def test_the_long_list_has_a_page_for_each_dimension(walker: Walker) -> None:
    walker.go("/screening/start/")
    walker.send(instrument="ilo_2009", exploitation="sexual")
    walker.send(**BEFORE)
    walker.send(**{**PERSON, "age": "16"})
    walker.send(**ABOUT)
    walker.send(ticked=["unknown"])
    walker.send(ticked=["SexualExploitation"])
    for number in range(1, 7):
        assert walker.at.endswith(f"/questions-{number}/")
        walker.send(**({"DR-JOB": "yes"} if number == 1 else {"EX-FORCEDSEX": "declined"}))
    walker.send()
    assert walker.at.endswith("/result/"), walker.text
    screening = Screening.objects.get()
    assert screening.case.is_child
    assert screening.assessment["elements"]["means"]["status"] == "not_required"  # type: ignore[index]
    assert "the person is a child" in walker.text


def test_the_empty_list_cannot_be_chosen(walker: Walker) -> None:
    page = walker.go("/screening/start/")
    assert "the official list has not been entered" in walker.text
    assert 'value="commit_2016"' not in walker.text
    assert (
        walker.client.post(
            "/screening/start/", {**hidden(page), "instrument": "commit_2016", "exploitation": "labour"}
        ).status_code
        == 422
    )
    assert not Case.objects.exists()


def test_an_unknown_answer_changes_nothing(walker: Walker) -> None:
    to_result(walker)
    screening = Screening.objects.get()
    kept = screening.answers
    assert walker.client.post(f"/screening/{screening.pk}/questions-1/", {"FR01": "no"}).status_code == 302
    screening.refresh_from_db()
    assert screening.answers == kept


def test_pages_come_in_khmer(cast: Cast, walker: Walker) -> None:
    cast.screener.language = "km"
    cast.screener.save(update_fields=["language"])
    to_result(walker)
    assert '<html lang="km">' in walker.text
    assert "អ្នកដែលត្រូវសន្មតថារងគ្រោះ" in walker.text
    for address in pages_of(the_case(), Screening.objects.get()):
        page = walker.go(address)
        assert page.status_code == 200, address
        assert '<html lang="km">' in walker.text


def test_pages_carry_no_script_of_their_own(walker: Walker) -> None:
    to_result(walker)
    for address in pages_of(the_case(), Screening.objects.get()):
        walker.go(address)
        assert re.findall(r"<script(?![^>]*src=)", walker.text) == []
        assert " style=" not in walker.text
        assert " onclick=" not in walker.text


def test_too_little_known_leads_to_a_second_interview(walker: Walker) -> None:
    to_result(walker, answers={})
    assert "Not enough information yet" in walker.text
    case = the_case()
    walker.go(f"/case/{case.pk}/")
    assert "Offer a second interview" in walker.text
    walker.go(f"/case/{case.pk}/second-interview/")
    assert walker.send().status_code == 422
    walker.send(leaflet_given="on")
    case.refresh_from_db()
    assert case.status == "follow_up"
    walker.go(f"/case/{case.pk}/interview-again/")
    walker.send(instrument="first_responder")
    assert walker.at.endswith("/before/")
    newest = Screening.objects.first()
    assert newest is not None
    assert (newest.age, newest.acts) == (25, ["recruitment", "transportation"])


def test_after_the_handover_the_responder_sees_the_standing_and_no_content(cast: Cast, walker: Walker) -> None:
    sent = steps.referred(cast)
    walker.go("/cases/")
    assert "Not acknowledged yet" in walker.text
    referral.acknowledge_referral(cast.manager, sent)
    walker.go("/cases/")
    assert "has received it" in walker.text
    walker.go(f"/case/{sent.case_id}/")
    assert "has received it" in walker.text
    assert "What the answers suggest" not in walker.text
    screening = Screening.objects.get()
    assert walker.client.get(f"/screening/{screening.pk}/result/").status_code == 404
    register_person(cast.manager, Case.objects.get(pk=sent.case_id), steps.identity(), {})
    walker.go("/cases/")
    assert "has registered the person" in walker.text


def test_a_list_tells_cases_apart_by_sex_and_age_group_for_whoever_may_know_them(cast: Cast, walker: Walker) -> None:
    sent = steps.referred(cast, age=25)
    walker.go("/cases/")
    assert "24–26" in walker.text
    # After the handover the screening is no longer the responder's to see; the agency that runs the case sees it.
    referral.acknowledge_referral(cast.manager, sent)
    walker.go("/cases/")
    assert sent.case.code in walker.text
    assert "24–26" not in walker.text
    assert "24–26" in signed_in(cast.manager).get("/cases/").content.decode()


def test_home_says_how_a_case_goes_on_and_whose_it_is(cast: Cast, walker: Walker) -> None:
    case = steps.screened(cast, age=25).case
    walker.go("/")
    row = walker.text.split(case.code)[0].rsplit("<li>", 1)[1]
    assert "After the interview: needs, danger, referral" in row
    assert "24–26" in row


@pytest.mark.parametrize("name", ["labour_officer", "operator", "manager", "provider", "return_officer"])
def test_whoever_may_screen_can_walk_it_and_erases_nothing_he_may_not_read(cast: Cast, name: str) -> None:
    walker = Walker(signed_in(getattr(cast, name)))
    to_result(walker, answers={"FR01": "yes"})
    screening = Screening.objects.get()
    assert screening.stated_name is not None
    assert screening.notes is not None


def test_an_empty_field_does_not_erase_what_its_reader_may_not_see(cast: Cast) -> None:
    walker = Walker(signed_in(cast.labour_officer))
    walker.go("/screening/start/")
    walker.send(instrument="first_responder", exploitation="labour")
    walker.send(**BEFORE)
    address = walker.at
    walker.send(**PERSON)
    kept = Screening.objects.get().stated_name
    walker.go(address)
    assert NAME not in walker.text
    walker.send(**{**PERSON, "stated_name": ""})
    assert bytes(Screening.objects.get().stated_name or b"") == bytes(kept or b"-")


def test_strengths_from_memory_are_marked_at_the_question(walker: Walker) -> None:
    walker.go("/screening/start/")
    walker.send(instrument="first_responder", exploitation="sexual")
    screening = Screening.objects.get()
    walker.go(f"/screening/{screening.pk}/questions-1/")
    assert "strength not verified" in walker.text
