"""Pages of suspects, exclusions, parts, hand-overs and conferences: outsiders first, then one walk through each."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from spean.access.models import Organisation, User
from spean.cases import conference, exclusion, parts
from spean.cases.models import Case, Conference, Exclusion, HandOver, Invitation, Involvement, Reason, Suspect
from spean.lib import clock
from spean.privacy.models import Event
from tests import steps
from tests.cases.test_conference import called, invited
from tests.cases.test_exclusion import second_manager, served
from tests.cast import Cast
from tests.signed_in import signed_in

REASON = "Canaryreason: a house of the same name."


def page(client: Client, name: str, *pks: object, status: int = 200) -> str:
    answer = client.get(reverse(name, args=pks))
    assert answer.status_code == status, (name, answer.status_code)
    return answer.content.decode()


def send(client: Client, address: str, pk: object, /, status: int = 302, **data: object) -> str:
    answer = client.post(reverse(address, args=[pk]), data)
    assert answer.status_code == status, (address, answer.status_code, answer.content.decode()[:3000])
    return answer.content.decode()


@pytest.mark.parametrize("who", ["outsider", "colleague", "other_manager", "provider", "officer", "investigator"])
def test_outsiders_meet_what_is_not_there(cast: Cast, who: str) -> None:
    case, _sent = served(cast)
    suspect = exclusion.record_suspect(cast.manager, case, role="broker", name="Canarysuspect")
    excluded = exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("embassy"))
    exclusion.ask_to_lift(cast.manager, excluded, reason=REASON)
    offered = parts.offer_hand_over(cast.manager, case, cast.org("national_focal"), reason=REASON)
    meets = clock.now() + timedelta(days=1)
    row = conference.call_conference(
        cast.manager, case, purpose="safety", meets_at=meets, until_at=meets, sections=("identity",)
    )
    client = signed_in(getattr(cast, who))
    gone = client.get(reverse("case", args=[uuid4()]))
    about = {
        "suspect": suspect.pk, "suspect_clear": suspect.pk, "suspect_add": case.pk, "exclusion_ask": excluded.pk,
        "exclusion_decide": excluded.pk, "case_hand_over": case.pk, "hand_over": offered.pk,
        "hand_over_decline": offered.pk, "hand_over_withdraw": offered.pk, "conference": row.pk,
        "conference_call": case.pk, "conference_invite": row.pk, "conference_record": row.pk,
        "conference_cancel": row.pk, "reason": Reason.objects.filter(object_id=offered.pk).get().pk,
        "involvement": Involvement.objects.get(case=case, task="service").pk,
        "involvement_renew": Involvement.objects.get(case=case, task="service").pk,
        "involvement_end": Involvement.objects.get(case=case, task="service").pk,
        "involvement_ask": Involvement.objects.get(case=case, task="service").pk,
    }  # fmt: skip
    for name, pk in about.items():
        for answer in (client.get(reverse(name, args=[pk])), client.post(reverse(name, args=[pk]))):
            assert answer.status_code in (404, 405), name
            assert answer.status_code == 405 or answer.content == gone.content, name
    assert client.post(reverse("hand_over_accept", args=[offered.pk])).status_code == 404


class TestSuspects:
    def test_recorded_shown_in_code_and_opened_by_a_button(self, cast: Cast) -> None:
        case, _sent = served(cast)
        client = signed_in(cast.manager)
        data = {"role": "keeper", "name": "Canarysuspect", "description": "Canarytall"}
        send(client, "suspect_add", case.pk, organisation=cast.org("shelter").pk, once=uuid4(), **data)
        shown = page(client, "case", case.pk)
        assert "Housed or held the person" in shown
        assert "Suspects" in shown
        assert "Canary" not in shown
        assert signed_in(cast.provider).get(reverse("case", args=[case.pk])).status_code == 404
        row = Suspect.objects.get(case=case)
        assert "Canary" not in page(client, "suspect", row.pk)
        opened = send(client, "suspect", row.pk, status=200)
        assert "Canarysuspect" in opened
        assert "Canarytall" in opened
        assert Event.objects.filter(action="content.read", object_id=row.pk, actor_id=cast.manager.pk).exists()

    def test_faults_stand_at_their_fields_and_keep_what_was_typed(self, cast: Cast) -> None:
        case = steps.registered(cast)
        client = signed_in(cast.manager)
        assert "Choose what this person is said to have done" in send(client, "suspect_add", case.pk, status=422)
        wrong = send(
            client, "suspect_add", case.pk, status=422, role="other", name="Kept words", email="nobody@example.org"
        )
        assert "Nobody has this e-mail address here" in wrong
        assert "Kept words" in wrong
        both = send(
            client, "suspect_add", case.pk, status=422, role="other", email=cast.provider.email,
            organisation=cast.org("shelter").pk,
        )  # fmt: skip
        assert "not both" in both
        own = send(client, "suspect_add", case.pk, status=422, role="other", organisation=cast.org("focal").pk)
        assert "holds the case" in own
        assert not Suspect.objects.exists()

    def test_the_same_form_twice_records_one(self, cast: Cast) -> None:
        case = steps.registered(cast)
        client, once = signed_in(cast.manager), uuid4()
        for _time in range(2):
            send(client, "suspect_add", case.pk, role="other", name="Somebody", once=once)
        assert Suspect.objects.count() == 1

    def test_the_screener_records_one_before_he_refers(self, cast: Cast) -> None:
        case = steps.screened(cast).case
        client = signed_in(cast.screener)
        assert "Record a suspect" in page(client, "case", case.pk)
        send(client, "suspect_add", case.pk, role="recruiter", name="Canarysuspect", once=uuid4())
        row = Suspect.objects.get(case=case)
        assert "Canarysuspect" in send(client, "suspect", row.pk, status=200)

    def test_cleared(self, cast: Cast) -> None:
        case = steps.registered(cast)
        row = exclusion.record_suspect(cast.manager, case, role="broker", name="Somebody")
        client = signed_in(cast.manager)
        assert "in a sentence" in send(client, "suspect_clear", row.pk, status=422, reason="no")
        send(client, "suspect_clear", row.pk, reason=REASON, version=row.version, once=uuid4())
        shown = page(client, "suspect", row.pk)
        assert "No longer a suspect" in shown
        assert ">Suspect: " in shown  # a heading of one word, "broker", says nothing


class TestLifting:
    def test_asked_on_the_case_page_and_decided_by_somebody_else(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))
        client = signed_in(cast.manager)
        assert reverse("exclusion_ask", args=[row.pk]) in page(client, "case", case.pk)
        send(client, "exclusion_ask", row.pk, reason=REASON, version=row.version, once=uuid4())
        assert "somebody asked to lift it" in page(client, "case", case.pk)
        page(client, "exclusion_decide", row.pk, status=404)  # not whoever asked
        second = signed_in(second_manager(cast))
        assert reverse("exclusion_decide", args=[row.pk]) in page(second, "home")
        shown = page(second, "exclusion_decide", row.pk)
        assert "River House" in shown
        assert "Canary" not in shown
        why = Reason.objects.get(object_id=row.pk)
        assert REASON in send(second, "reason", why.pk, status=200)
        assert "Choose what you decide" in send(second, "exclusion_decide", row.pk, status=422, reason=REASON)
        send(second, "exclusion_decide", row.pk, decision="lift", reason=REASON, version=2, once=uuid4())
        assert Exclusion.objects.get(pk=row.pk).status == "lifted"

    def test_the_registry_reaches_the_question_and_not_the_case(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))
        exclusion.ask_to_lift(cast.manager, row, reason=REASON)
        client = signed_in(cast.registry)
        assert reverse("exclusion_decide", args=[row.pk]) in page(client, "home")
        page(client, "exclusion_decide", row.pk)
        page(client, "case", case.pk, status=404)
        send(client, "exclusion_decide", row.pk, decision="keep", reason=REASON, version=2, once=uuid4())
        page(client, "exclusion_decide", row.pk, status=404)

    def test_a_khmer_page_names_the_organisation_in_khmer(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))
        Organisation.objects.filter(pk=cast.org("shelter").pk).update(name_km="ផ្ទះទន្លេ")
        User.objects.filter(pk__in=[cast.manager.pk, cast.registry.pk]).update(language="km")
        assert "ផ្ទះទន្លេ" in page(signed_in(cast.manager), "exclusion_ask", row.pk)
        exclusion.ask_to_lift(cast.again("manager"), row, reason=REASON)
        shown = page(signed_in(cast.registry), "exclusion_decide", row.pk)
        assert "ផ្ទះទន្លេ" in shown
        assert "River House" not in shown


class TestParts:
    def test_who_takes_part_until_when_with_what(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = Involvement.objects.get(case=case, task="service")
        client = signed_in(cast.manager)
        shown = page(client, "case", case.pk)
        for words in ("River House", "unless renewed", "no end", reverse("involvement", args=[row.pk])):
            assert words in shown, words
        send(client, "involvement_renew", row.pk, reason=REASON, version=row.version, once=uuid4())
        shown = page(client, "involvement", row.pk)
        assert "Renewed" in shown
        assert "Canary" not in shown
        send(client, "involvement_end", row.pk, reason=REASON, version=row.version + 1, once=uuid4())
        assert "ended on" in page(client, "involvement", row.pk)
        assert signed_in(cast.provider).get(reverse("case", args=[case.pk])).status_code == 404

    def test_without_a_reason_nothing_happens(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = Involvement.objects.get(case=case, task="service")
        client = signed_in(cast.manager)
        for name in ("involvement_renew", "involvement_end"):
            assert "Write down your reason" in send(client, name, row.pk, status=422)
        assert Involvement.objects.get(pk=row.pk).version == row.version

    def test_a_service_whose_part_ran_out_asks_from_its_first_page(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = Involvement.objects.get(case=case, task="service")
        assert row.until_at is not None
        with clock.travel(row.until_at + timedelta(days=1)):
            client = signed_in(cast.again("provider"))
            page(client, "case", case.pk, status=404)
            first = page(client, "home")
            assert reverse("involvement_ask", args=[row.pk]) in first
            shown = page(client, "involvement_ask", row.pk)
            assert case.code in shown
            send(client, "involvement_ask", row.pk, version=row.version, once=uuid4())
            manager = signed_in(cast.again("manager"))
            assert reverse("involvement", args=[row.pk]) in page(manager, "home")


class TestHandOver:
    def test_offered_seen_in_code_and_accepted(self, cast: Cast) -> None:
        case = steps.registered(cast)
        client = signed_in(cast.manager)
        assert reverse("case_hand_over", args=[case.pk]) in page(client, "case", case.pk)
        assert "Choose the focal agency" in send(client, "case_hand_over", case.pk, status=422, reason=REASON)
        send(client, "case_hand_over", case.pk, to=cast.org("other_focal").pk, reason=REASON, once=uuid4())
        row = HandOver.objects.get(case=case)
        other = signed_in(cast.other_manager)
        assert reverse("hand_over", args=[row.pk]) in page(other, "home")
        shown = page(other, "hand_over", row.pk)
        for words in (case.code, "Accept the case", "Name and identity"):
            assert words in shown, words
        assert "Canary" not in shown
        page(other, "case", case.pk, status=404)
        send(other, "hand_over_accept", row.pk, version=row.version)
        page(other, "case", case.pk)
        page(client, "case", case.pk, status=404)
        page(client, "hand_over", row.pk, status=404)

    def test_declined_and_taken_back(self, cast: Cast) -> None:
        case = steps.registered(cast)
        row = parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason=REASON)
        other, client = signed_in(cast.other_manager), signed_in(cast.manager)
        assert "your agency runs the case from then on" in page(other, "hand_over", row.pk)
        assert "your agency runs the case from then on" not in page(client, "hand_over", row.pk)
        assert "no longer sees the offer" in page(client, "hand_over_withdraw", row.pk)
        assert "The case stays with the agency" in page(other, "hand_over_decline", row.pk)
        assert "Write down your reason" in send(other, "hand_over_decline", row.pk, status=422)
        send(other, "hand_over_decline", row.pk, reason=REASON, version=1, once=uuid4())
        page(client, "case", case.pk)
        again = parts.offer_hand_over(cast.again("manager"), case, cast.org("other_focal"), reason=REASON)
        send(client, "hand_over_withdraw", again.pk, version=1, once=uuid4())
        page(other, "hand_over", again.pk, status=404)


class TestConference:
    def test_called_invited_seen_and_withdrawn(self, cast: Cast) -> None:
        case = steps.registered(cast, steps.identity("Canaryfamily", "Canarygiven"))
        client = signed_in(cast.manager)
        day = clock.today() + timedelta(days=3)
        data = {"purpose": "safety", "day": f"{day.day} {day.month} {day.year}", "hour": "14:30", "shown_for": "0"}
        send(client, "conference_call", case.pk, sections=["identity"], once=uuid4(), **data)
        row = Conference.objects.get(case=case)
        assert "Choose what it is about" in send(client, "conference_call", case.pk, status=422)
        refused = send(client, "conference_invite", row.pk, status=422, email=cast.prosecutor.email)
        assert "has not agreed" in refused
        assert "Ask the person, and record the answer" in refused
        assert "Nobody has this e-mail" in send(client, "conference_invite", row.pk, status=422, email="x@example.org")
        steps.agree(cast, case, "case_conference", cast.org("court"))
        send(client, "conference_invite", row.pk, email=cast.prosecutor.email, once=uuid4())
        prosecutor = signed_in(cast.prosecutor)
        assert reverse("conference", args=[row.pk]) in page(prosecutor, "home")
        shown = page(prosecutor, "conference", row.pk)
        assert "Name and identity" in shown
        assert "Who is invited" not in shown
        on_case = page(prosecutor, "case", case.pk)
        for words in ("Case conference", "Show name"):
            assert words in on_case, words
        for words in ("Who takes part", "Who looked at this case", "Suspects", "Agreement", "Canary"):
            assert words not in on_case, words
        name = prosecutor.post(reverse("case_name", args=[case.pk]), {"purpose": "casework"}).content.decode()
        assert "Canaryfamily" in name
        invitation = Invitation.objects.get(conference=row)
        send(client, "invitation_withdraw", invitation.pk, version=1, once=uuid4())
        for name_of_page, pk in (("case", case.pk), ("conference", row.pk)):
            page(prosecutor, name_of_page, pk, status=404)

    def test_the_record_is_written_once_it_met_and_opened_by_a_button(self, cast: Cast) -> None:
        case, row = invited(cast)
        found = row.conference
        with clock.travel(found.meets_at + timedelta(minutes=5)):
            client = signed_in(cast.again("manager"))
            assert "Write down" in send(client, "conference_record", found.pk, status=422)
            send(client, "conference_record", found.pk, record="Canaryrecord: Monday.", version=1, once=uuid4())
            shown = page(client, "conference", found.pk)
            assert "Read the record" in shown
            assert "Canary" not in shown
            assert "Canaryrecord" in send(client, "conference", found.pk, status=200)
            prosecutor = signed_in(cast.again("prosecutor"))
            assert "Read the record" not in page(prosecutor, "conference", found.pk)
            assert prosecutor.post(reverse("conference", args=[found.pk])).status_code == 404
            assert "Case conference" in page(client, "case", case.pk)

    def test_cancelled(self, cast: Cast) -> None:
        case, row = invited(cast)
        send(signed_in(cast.manager), "conference_cancel", row.conference_id, version=1, once=uuid4())
        assert signed_in(cast.prosecutor).get(reverse("case", args=[case.pk])).status_code == 404

    def test_days_that_cannot_be(self, cast: Cast) -> None:
        case, _row = called(cast, ())
        client = signed_in(cast.manager)
        for data, words in (
            ({"day": "31 2 2027", "hour": "10:00"}, "Write the day like"),
            ({"day": "1 1 2020", "hour": "10:00"}, "Choose a day and time to come"),
            ({"day": "1 1 2090", "hour": "25"}, "Write the hour like"),
        ):
            told = send(client, "conference_call", case.pk, status=422, purpose="safety", shown_for="0", **data)
            assert words in told, data
        assert Conference.objects.filter(case=case).count() == 1


def test_who_is_excluded_is_told_by_no_page(cast: Cast) -> None:
    """The excluded user's own pages, before and after: the case is gone, and no word says why."""
    case, sent = served(cast)
    exclusion.record_suspect(cast.manager, case, role="keeper", user=cast.provider)
    client = signed_in(User.objects.get(pk=cast.provider.pk))
    for name in ("home", "case_list", "referral_list"):
        shown = page(client, name)
        assert case.code not in shown
        assert "xclu" not in shown
        assert "uspect" not in shown
    page(client, "case", case.pk, status=404)
    page(client, "referral", sent.pk, status=404)
    assert Case.objects.filter(pk=case.pk).exists()
