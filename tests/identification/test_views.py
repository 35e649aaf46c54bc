"""Pages of formal identification: the outsider first, then each page with its refusals, and the letter in Khmer."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from spean.access.models import User
from spean.cases.models import Case
from spean.identification import actions, rules
from spean.identification.models import Determination
from spean.lib import clock
from spean.privacy.models import Event
from spean.protection import actions as protection
from spean.referral import actions as referral
from tests import steps
from tests.cast import Cast
from tests.identification.test_actions import NEGATIVE, both_roles, informed, reflecting, stored, under_review
from tests.signed_in import signed_in

NOBODYS = (
    "screener",
    "outsider",
    "other_manager",
    "registry",
    "provider",
    "investigator",
    "prosecutor",
    "return_officer",
)
GOOD = {
    "act": "established", "act_codes": ["recruitment"], "act_reasons": "A broker came to her village.",
    "means": "established", "means_codes": ["deception"], "means_reasons": "Told of other work, held by a debt.",
    "purpose": "established", "exploitation_forms": ["ForcedLabour"], "purpose_reasons": "Worked unpaid for a year.",
    "evidence": "Her account and the contract.", "outcome": "identified",
}  # fmt: skip


def addresses(case: Any, row: Any) -> list[str]:
    return [
        *(reverse(name, args=[case]) for name in ("case_identification", "determination_open")),
        *(reverse("case_identification_read", args=[case, what]) for what in ("name", "texts")),
        *(
            reverse(f"determination{name}", args=[row])
            for name in ("", "_reasons", "_decide", "_second", "_open_review", "_tell", "_letter", "_review")
        ),
        *(reverse("determination_part", args=[row, name]) for name in rules.PARTS),
    ]


def text(client: Client, address: str, **posted: Any) -> str:
    answer = client.post(address, posted) if posted else client.get(address)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def fresh(client: Client, address: str) -> dict[str, str]:
    """The hidden fields of a page's form, as a browser would send them."""
    page = text(client, address)
    return {
        name: value for name in ("once", "version") for value in re.findall(rf'name="{name}" value="([^"]+)"', page)[:1]
    }


class TestOutsiders:
    def test_what_one_may_not_see_is_like_what_is_not_there(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        missing = addresses(uuid4(), uuid4())
        for name in NOBODYS:
            client = signed_in(getattr(cast, name))
            for there, absent in zip(addresses(row.case_id, row.pk), missing, strict=True):
                for ask in (client.get, client.post):
                    seen, nothing = ask(there), ask(absent)
                    # A verb that is only ever sent answers the same to every question, there or not.
                    assert seen.status_code == nothing.status_code
                    assert seen.status_code in (404, 405)
                    assert seen.content == nothing.content
            queue = client.get(reverse("determination_list"))
            assert queue.status_code in (200, 404)
            assert row.case.code not in queue.content.decode()

    def test_nobody_reads_a_proposal_before_two_officers_agree(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        client = signed_in(cast.manager)
        page = text(client, reverse("determination", args=[row.pk]))
        assert "working on this decision" in page
        assert "Identified as a victim" not in page
        assert client.post(reverse("determination_reasons", args=[row.pk])).status_code == 404
        assert client.get(reverse("determination_decide", args=[row.pk])).status_code == 404

    def test_a_case_manager_reads_and_tells_but_does_not_decide(self, cast: Cast) -> None:
        row = informed(cast)
        client = signed_in(cast.manager)
        page = text(client, reverse("determination_reasons", args=[row.pk]), go="1")
        assert steps.FINDINGS.act_reasons in page
        for name in ("determination_decide", "determination_second", "determination_open_review"):
            assert client.post(reverse(name, args=[row.pk]), {}).status_code == 404


class TestQueue:
    def test_each_list_without_a_name(self, cast: Cast) -> None:
        case = steps.reflected(cast, age=15)
        steps.agree(cast, case, "identification", cast.org("authority"))
        sent = referral.send_referral(cast.manager, case, "identification", cast.org("authority"))
        officer, reviewer, manager = (signed_in(getattr(cast, name)) for name in ("officer", "reviewer", "manager"))
        address = reverse("determination_list")

        def shows(client: Client, title: str) -> bool:
            page = text(client, address)
            assert "Dara" not in page
            return title in page and case.code in page

        assert shows(officer, "Referrals to accept")
        assert "Child" in text(officer, address)
        referral.accept_referral(cast.officer, sent)
        assert shows(officer, "Cases to decide")
        row = actions.open_determination(cast.officer, case)
        assert "Being prepared by" in text(officer, address)
        child = actions.Findings(**{**steps.FINDINGS.__dict__, "means": "not_required", "means_reasons": ""})
        actions.propose_determination(cast.officer, row, child)
        assert shows(officer, "With a second officer")
        assert shows(reviewer, "Decisions to confirm")
        assert not shows(signed_in(both_roles(cast, "officer")), "Decisions to confirm")
        actions.confirm_determination(cast.reviewer, row)
        assert shows(manager, "Persons to be told")
        actions.inform_of_determination(cast.manager, row, language="km")
        actions.request_review(cast.manager, row)
        assert not shows(officer, "Reviews asked for")
        assert shows(signed_in(cast.other_officer), "Reviews asked for")


class TestCase:
    def test_everything_on_one_page_and_no_name(self, cast: Cast) -> None:
        case = steps.with_authority(cast)
        protection.assess_risk(
            cast.manager, case, level="high", factors=[], with_person=True, response="Moved to a safe room."
        )
        protection.record_need(cast.manager, case, "medical")
        page = text(signed_in(cast.officer), reverse("case_identification", args=[case.pk]))
        for words in (
            "What the interview suggests",
            "Told the rights on",
            "reflection period is over",
            "High",
            "Begin the decision",
        ):
            assert words in page
        for secret in ("Dara", "cried", "safe room", "012"):
            assert secret not in page

    def test_name_and_story_on_demand_and_logged(self, cast: Cast) -> None:
        case = steps.with_authority(cast)
        client = signed_in(cast.officer)
        for what, words, action in (("name", "Dara", "identity.revealed"), ("texts", "She cried", "content.read")):
            address = reverse("case_identification_read", args=[case.pk, what])
            assert client.get(address).status_code == 302
            assert not Event.objects.filter(action=action, actor_id=cast.officer.pk).exists()
            assert words in text(client, address, go="1")
            event = Event.objects.filter(action=action, actor_id=cast.officer.pk).latest("id")
            assert event.purpose == "identification"

    def test_what_was_not_shared_is_not_offered(self, cast: Cast) -> None:
        case = steps.reflected(cast)
        steps.agree(cast, case, "identification", cast.org("authority"), ("protection",))
        sent = referral.send_referral(cast.manager, case, "identification", cast.org("authority"))
        referral.accept_referral(cast.officer, sent)
        client = signed_in(cast.officer)
        page = text(client, reverse("case_identification", args=[case.pk]))
        assert "did not agree that the name is shared" in page
        assert "did not agree that the story is shared" in page
        assert client.post(reverse("case_identification_read", args=[case.pk, "name"])).status_code == 404

    def test_begun_once_however_often_it_is_sent(self, cast: Cast) -> None:
        case = steps.with_authority(cast)
        client = signed_in(cast.officer)
        hidden = fresh(client, reverse("case_identification", args=[case.pk]))
        answers = [client.post(reverse("determination_open", args=[case.pk]), hidden) for _ in range(2)]
        row = Determination.objects.get()
        assert {answer.headers["Location"] for answer in answers} == {
            reverse("determination_part", args=[row.pk, "act"])
        }

    def test_the_second_of_two_officers_is_told(self, cast: Cast) -> None:
        case = steps.with_authority(cast)
        other = signed_in(cast.other_officer)
        hidden = fresh(other, reverse("case_identification", args=[case.pk]))
        actions.open_determination(cast.officer, case)
        answer = other.post(reverse("determination_open", args=[case.pk]), hidden)
        assert answer.status_code == 422
        assert "already being prepared" in answer.content.decode()


def opened(cast: Cast, **kwargs: Any) -> Determination:
    return actions.open_determination(cast.officer, steps.with_authority(cast, **kwargs))


def part(row: Determination, name: str) -> str:
    return reverse("determination_part", args=[row.pk, name])


def write(client: Client, row: Determination, **changed: Any) -> None:
    """The whole decision through its screens, as far as what is given goes."""
    for name, fields in rules.PARTS.items():
        given = {**GOOD, **changed}
        sent = {field: given[field] for field in fields if given.get(field)}
        assert client.post(part(row, name), sent).status_code == 302


class TestDecide:
    def test_from_screen_to_screen_to_a_second_officer(self, cast: Cast) -> None:
        case = steps.with_authority(cast)
        client = signed_in(cast.officer)
        address = client.post(reverse("determination_open", args=[case.pk]), {}).headers["Location"]
        for fields in rules.PARTS.values():
            sent = {**fresh(client, address), **{field: GOOD[field] for field in fields}}
            address = client.post(address, sent).headers["Location"]
        row = Determination.objects.get()
        assert address == reverse("determination_decide", args=[row.pk])
        page = text(client, address)
        for words in (GOOD["act_reasons"], GOOD["evidence"], "Identified as a victim"):
            assert str(words) in page
        sent = fresh(client, address)
        for _ in range(2):  # sent twice, done once
            assert client.post(address, sent).status_code == 302
        assert stored(row).status == "proposed"
        assert Event.objects.filter(action="determination.proposed").count() == 1

    def test_reminders_stand_beside_the_elements(self, cast: Cast) -> None:
        row = opened(cast)
        client = signed_in(cast.officer)
        for name, words in (
            ("act", "no border need be crossed"),
            ("means", "consent is irrelevant"),
            ("means", "Force is not needed"),
            ("purpose", "stigmatised"),
            ("outcome", "no reason to refuse"),
        ):
            assert words in text(client, part(row, name))
        assert 'value="not_required"' not in text(client, part(row, "means"))

    def test_of_a_child_no_means_are_asked(self, cast: Cast) -> None:
        row = opened(cast, age=14)
        client = signed_in(cast.officer)
        page = re.sub(r"\s+", " ", text(client, part(row, "means")))
        assert "no means is needed" in page
        assert 'value="not_required" checked' in page
        assert 'value="not_established"' not in page
        write(client, row, means="not_required", means_codes=[], means_reasons="")
        assert client.post(reverse("determination_decide", args=[row.pk]), {}).status_code == 302
        assert stored(row).status == "proposed"

    def test_an_adult_cannot_do_without(self, cast: Cast) -> None:
        row = opened(cast)
        answer = signed_in(cast.officer).post(
            part(row, "means"), {"means": "not_required", "means_reasons": "Canary words"}
        )
        assert answer.status_code == 422
        assert answer.context["form"].errors["means"] == [
            "For an adult a means is part of the definition; it cannot be left out."
        ]
        assert "Canary words" in answer.content.decode()
        assert stored(row).means == ""

    def test_everything_missing_is_named_with_its_field(self, cast: Cast) -> None:
        row = opened(cast)
        client = signed_in(cast.officer)
        client.post(part(row, "act"), {"act": "established", "act_reasons": "Canary in the cellar"})
        client.post(part(row, "purpose"), {"purpose": "established"})
        check = reverse("determination_decide", args=[row.pk])
        assert "Before it can be proposed" in text(client, check)
        answer = client.post(check, {})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Canary in the cellar" in page
        for name, field in (
            ("means", "means_1"),
            ("purpose", "purpose_reasons"),
            ("purpose", "exploitation_forms_1"),
            ("outcome", "evidence"),
            ("outcome", "outcome_1"),
        ):
            assert f'href="{part(row, name)}?from=check#id_{field}"' in page
        assert stored(row).status == "opened"
        # The link leads to the field, and the field says what is missing.
        shown = client.get(f"{part(row, 'purpose')}?from=check")
        assert set(shown.context["form"].errors) == {"purpose_reasons", "exploitation_forms"}
        sent = {"purpose": "not_known", "purpose_reasons": "Not asked about yet."}
        assert client.post(f"{part(row, 'purpose')}?from=check", sent).headers["Location"] == check

    def test_a_draft_is_kept_and_found_again(self, cast: Cast) -> None:
        row = opened(cast)
        client, address = signed_in(cast.officer), part(row, "means")
        sent = {**fresh(client, address), "means": "established", "means_reasons": "Canary & <b>debt</b>"}
        for _ in range(2):  # the same submission again
            assert client.post(address, sent).status_code == 302
        assert "Canary &amp; &lt;b&gt;debt&lt;/b&gt;" in text(client, address)
        assert stored(row).version == row.version + 1
        assert address.rsplit("/", 2)[0] + "/" == reverse("determination_decide", args=[row.pk])

    def test_too_long_is_said_at_the_field(self, cast: Cast) -> None:
        row = opened(cast)
        answer = signed_in(cast.officer).post(part(row, "act"), {"act": "established", "act_reasons": "x" * 10_001})
        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == {"act_reasons"}

    def test_there_are_four_parts(self, cast: Cast) -> None:
        row = opened(cast)
        assert signed_in(cast.officer).get(part(row, "status")).status_code == 404

    def test_reflection_period_in_plain_words(self, cast: Cast) -> None:
        row = actions.open_determination(cast.officer, reflecting(cast))
        client, address = signed_in(cast.officer), reverse("determination_decide", args=[row.pk])
        assert "cannot be proposed yet" in text(client, part(row, "act"))
        write(client, row, act_reasons="")
        answer = client.post(address, {})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "The person alone can shorten it" in page
        assert "Give the reasons for your finding on the act" in page
        write(client, row)
        with clock.travel(clock.now() + timedelta(days=31)):
            assert signed_in(cast.officer).post(address, {}).status_code == 302

    def test_the_second_of_two_keeps_his_words_and_hears_what_changed(self, cast: Cast) -> None:
        row = opened(cast)
        other, address = signed_in(cast.other_officer), part(row, "act")
        sent = {**fresh(other, address), "act": "not_known", "act_reasons": "Canary of the second officer"}
        actions.keep_draft(cast.officer, row, {"act": "established"})
        answer = other.post(address, sent)
        assert answer.status_code == 422
        page = answer.content.decode()
        assert "Draft of the decision kept" in page
        assert "Canary of the second officer" in page
        assert stored(row).act == "established"

    def test_what_is_proposed_is_what_was_shown(self, cast: Cast) -> None:
        row = opened(cast)
        write(signed_in(cast.officer), row)
        client, address = signed_in(cast.officer), reverse("determination_decide", args=[row.pk])
        sent = fresh(client, address)
        actions.keep_draft(cast.other_officer, row, {"act": "not_known"})
        answer = client.post(address, sent)
        assert answer.status_code == 422
        assert "Draft of the decision kept" in answer.content.decode()
        assert stored(row).status == "opened"


class TestSecondOfficer:
    def test_reads_the_reasons_through_the_door_and_confirms(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        client, address = signed_in(cast.reviewer), reverse("determination_second", args=[row.pk])
        page = text(client, address)
        for words in (steps.FINDINGS.act_reasons, steps.FINDINGS.evidence, "Proposed outcome"):
            assert words in page.replace("&#x27;", "'")
        event = Event.objects.filter(action="content.read", actor_id=cast.reviewer.pk, object_id=row.pk).latest("id")
        assert event.purpose == "identification"
        sent = {**fresh(client, address), "answer": "confirm"}
        for _ in range(2):
            assert client.post(address, sent).status_code == 302
        assert stored(row).confirmed_by == cast.reviewer
        assert Event.objects.filter(action="determination.confirmed").count() == 1

    def test_returned_with_a_reason_the_first_officer_sees(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        client, address = signed_in(cast.reviewer), reverse("determination_second", args=[row.pk])
        answer = client.post(address, {"answer": "return", "reason": "no"})
        assert answer.status_code == 422
        assert set(answer.context["form"].errors) == {"reason"}
        assert client.post(address, {"answer": "return", "reason": "Canary: say more on the debt."}).status_code == 302
        decide = text(signed_in(cast.officer), reverse("determination_decide", args=[row.pk]))
        assert "Canary: say more on the debt." in decide
        assert steps.FINDINGS.purpose_reasons in decide

    def test_not_his_own(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        client, address = signed_in(both_roles(cast, "officer")), reverse("determination_second", args=[row.pk])
        page = text(client, address)
        assert "nobody confirms their own decision" in page
        assert steps.FINDINGS.act_reasons not in page
        answer = client.post(address, {"answer": "confirm"})
        assert answer.status_code == 422
        assert stored(row).status == "proposed"

    def test_an_answer_is_chosen(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        answer = signed_in(cast.reviewer).post(reverse("determination_second", args=[row.pk]), {})
        assert set(answer.context["form"].errors) == {"answer"}


class TestPerson:
    def test_told_in_her_language(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        actions.confirm_determination(cast.reviewer, row)
        client, address = signed_in(cast.manager), reverse("determination_tell", args=[row.pk])
        answer = client.post(address, {"language": "km"})
        assert set(answer.context["form"].errors) == {"told", "review"}
        sent = {**fresh(client, address), "language": "km", "told": "on", "review": "on"}
        assert client.post(address, sent).status_code == 302
        assert stored(row).informed_language == "km"

    @pytest.mark.parametrize("language", ["en", "km"])
    def test_the_letter_in_its_own_language(self, cast: Cast, language: str) -> None:
        row = informed(cast, NEGATIVE)
        client, address = signed_in(cast.manager), reverse("determination_letter", args=[row.pk])
        assert steps.FINDINGS.act_reasons not in text(client, address)
        page = text(client, address, language=language, named="no")
        assert f'<article lang="{language}">' in page
        outcome = {"en": "Exploited, but not identified", "km": "រងការកេងប្រវ័ញ្ច"}[language]
        letter = page[page.index("<article") : page.index("</article>")]
        assert outcome in letter
        assert steps.FINDINGS.act_reasons in letter
        for hidden in ("contract", "Dara", "Sok"):  # neither evidence nor name
            assert hidden not in letter
        event = Event.objects.filter(action="content.read", object_id=row.pk).latest("id")
        assert event.purpose == "letter"
        assert "evidence" not in event.fields

    def test_the_name_stands_on_it_only_where_it_is_wanted(self, cast: Cast) -> None:
        row = informed(cast)
        client, address = signed_in(cast.manager), reverse("determination_letter", args=[row.pk])
        assert "Sok Dara" in text(client, address, language="en", named="yes")
        assert Event.objects.filter(action="identity.revealed", purpose="letter").exists()
        assert "Dara" not in address

    def test_no_letter_before_the_decision_stands(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        answer = signed_in(cast.manager).post(
            reverse("determination_letter", args=[row.pk]), {"language": "en", "named": "no"}
        )
        assert answer.status_code == 302

    def test_review_asked_for_and_both_decisions_stay(self, cast: Cast) -> None:
        row = informed(cast, NEGATIVE)
        client = signed_in(cast.manager)
        assert "ask for a review" in text(client, reverse("determination", args=[row.pk]))
        assert (
            client.post(reverse("determination_review", args=[row.pk]), {"words": "Nobody asked her."}).status_code
            == 302
        )
        first, other = signed_in(cast.officer), signed_in(cast.other_officer)
        page = text(first, reverse("determination", args=[row.pk]))
        assert "did not take part" in page
        assert "The review of this decision" not in page
        assert "Begin the review" not in page
        assert first.post(reverse("determination_open_review", args=[row.pk]), {}).status_code == 422
        assert other.post(reverse("determination_open_review", args=[row.pk]), {}).status_code == 302
        second = Determination.objects.get(reviews=row)
        assert "The review of this decision" in text(first, reverse("determination", args=[row.pk]))
        assert "The decision that is reviewed" in text(other, part(second, "act"))
        both = text(client, reverse("case_identification", args=[row.case_id]))
        assert reverse("determination", args=[row.pk]) in both
        assert reverse("determination", args=[second.pk]) in both


def test_the_pages_in_khmer(cast: Cast) -> None:
    row = under_review(cast)
    User.objects.filter(pk=cast.other_officer.pk).update(language="km")
    client = signed_in(cast.again("other_officer"))
    for address in (
        reverse("determination_list"),
        reverse("case_identification", args=[row.case_id]),
        reverse("determination", args=[row.pk]),
    ):
        page = text(client, address)
        assert '<html lang="km">' in page
        assert "រងការកេងប្រវ័ញ្ច" in page or "ស្រី" in page


def test_the_case_page_shows_the_decision_and_what_it_waits_for(cast: Cast) -> None:
    row = informed(cast, NEGATIVE)
    page = text(signed_in(cast.manager), reverse("case", args=[row.case_id]))
    assert reverse("determination", args=[row.pk]) in page
    assert reverse("case_identification", args=[row.case_id]) in page
    assert "No decision yet" not in page


def test_home_leads_to_the_work(cast: Cast) -> None:
    row = steps.proposed(cast)
    assert reverse("determination_second", args=[row.pk]) in text(signed_in(cast.reviewer), "/")
    assert "With a second officer" in text(signed_in(cast.officer), "/")
    actions.confirm_determination(cast.reviewer, row)
    assert reverse("determination", args=[row.pk]) in text(signed_in(cast.manager), "/")
    assert Case.objects.get().code in text(signed_in(cast.manager), "/")
