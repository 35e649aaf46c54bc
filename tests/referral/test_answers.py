"""What a service answers: who sees what before and after, the last place, and what the sender learns."""

import re
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.urls import reverse

from spean.access import policy
from spean.cases.models import Case, Task
from spean.cases.work import TASK_SECTIONS
from spean.directory.models import Service
from spean.lib import clock
from spean.privacy.models import Event
from spean.protection import actions as protection
from spean.protection.models import Need
from spean.referral import actions
from spean.referral.models import Referral
from spean.workflow.engine import Forbidden, Refused, WrongState
from tests import steps
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in

NAME = "Kimsrun"
MESSAGE = "She is afraid of uniforms."


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def sent(cast: Cast, *classes: str, **service: Any) -> Referral:
    place = steps.service(cast, **service)
    case = steps.registered(cast, who=steps.identity(given_name=NAME), name=NAME)
    need = protection.record_need(cast.manager, case, "psychological")
    steps.agree(cast, case, "service_referral", cast.org("shelter"), classes or TASK_SECTIONS["service"])
    return actions.send_referral(
        cast.manager, case, "service", cast.org("shelter"), service=place, need=need, message=MESSAGE
    )


def free(referral: Referral) -> int | None:
    return Service.objects.get(pk=referral.service_id).capacity_available


def page_of(referral: Referral, answer: str = "") -> str:
    return reverse(f"referral_{answer}" if answer else "referral", args=[referral.pk])


class TestTheOutsider:
    @pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"manager", "provider"}))
    def test_sees_no_referral_and_answers_none(self, cast: Cast, name: str) -> None:
        referral = sent(cast)
        client = signed_in(getattr(cast, name))
        for answer in ("", "accept", "decline", "complete", "end"):
            name_of_url = f"referral_{answer}" if answer else "referral"
            here, nowhere = client.get(page_of(referral, answer)), client.get(reverse(name_of_url, args=[uuid4()]))
            assert (here.status_code, nowhere.status_code) == (404, 404)
            assert here.content == nowhere.content
        listed = client.get("/referrals/")
        assert listed.status_code == 404 or referral.case.code not in text(listed)
        assert Referral.objects.get(pk=referral.pk).status == "sent"

    def test_the_sender_cannot_answer_for_the_service(self, cast: Cast) -> None:
        referral = sent(cast)
        for answer in (actions.accept_referral, actions.acknowledge_referral):
            with pytest.raises(Forbidden):
                answer(cast.manager, referral)
        assert signed_in(cast.manager).post(page_of(referral, "accept"), {"version": "1"}).status_code == 404


class TestBeforeTheAnswer:
    def test_the_service_sees_codes_and_no_name(self, cast: Cast) -> None:
        referral = sent(cast)
        client = signed_in(cast.provider)
        for url in ("/referrals/", page_of(referral)):
            page = text(client.get(url))
            assert NAME not in page
            assert MESSAGE not in page
        page = text(client.get(page_of(referral)))
        for words in ("Female", "Khmer", "Psychological support", "24–26", "3 of 10 places free", "Accept", "Decline"):
            assert words in page, words
        # The exact age, the nationality and where she was met decide nothing here.
        for words in ("25 years", "Cambodia<", "Province where met"):
            assert words not in page, words
        assert not policy.may(cast.again("provider"), "see_case", referral.case)
        assert client.get(reverse("case", args=[referral.case_id])).status_code == 404
        assert client.get(reverse("person", args=[steps.person_of(referral.case).pk])).status_code == 404

    def test_the_message_is_opened_on_demand_and_logged(self, cast: Cast) -> None:
        referral = sent(cast)
        page = signed_in(cast.provider).post(reverse("referral_message", args=[referral.pk]))
        assert MESSAGE in text(page)
        assert Event.objects.filter(action="content.read", object_id=referral.pk, actor_id=cast.provider.pk).exists()


class TestTheFocalAgency:
    """It takes the case over when it acknowledges, accepts by registering, and ends its part with the case."""

    def test_registering_is_the_yes_that_the_sender_reads(self, cast: Cast) -> None:
        case = steps.registered(cast)
        referral = Referral.objects.get(case=case)
        assert (referral.status, referral.responded_by) == ("accepted", cast.manager)
        listed = text(signed_in(cast.screener).get("/referrals/?direction=out"))
        assert "Accepted" in listed
        assert Event.objects.filter(action="referral.accepted", object_id=referral.pk).count() == 1

    def test_there_is_no_yes_before_the_person_is_registered(self, cast: Cast) -> None:
        referral = steps.acknowledged(cast)
        with pytest.raises(Refused, match="accepts by registering"):
            actions.accept_referral(cast.manager, referral)
        task = Task.objects.get(case=referral.case, kind="register_person")
        assert task.done_at is None

    def test_its_part_does_not_end_as_if_it_were_a_service(self, cast: Cast) -> None:
        """It would have locked out everybody who answers for the person."""
        case = steps.registered(cast)
        referral = Referral.objects.get(case=case)
        page = text(signed_in(cast.manager).get(page_of(referral)))
        for words in ("The service was given", "End before completion", "Decline"):
            assert words not in page
        for verb in (actions.complete_referral, actions.end_referral):
            with pytest.raises(Refused, match="does not end its part here"):
                verb(cast.manager, referral, feedback="helped")
        assert policy.may(cast.again("manager"), "see_case", case)

    def test_a_stranger_registers_nobody_and_accepts_nothing(self, cast: Cast) -> None:
        referral = steps.acknowledged(cast)
        for name in ("screener", "other_manager", "provider", "outsider"):
            with pytest.raises(Forbidden):
                actions.accept_referral(getattr(cast, name), referral)
        assert Referral.objects.get(pk=referral.pk).status == "acknowledged"


class TestAccept:
    def test_capacity_moves_the_need_is_met_and_the_shared_sections_open(self, cast: Cast) -> None:
        referral = sent(cast, "identity", "contact", "narrative")
        client = signed_in(cast.provider)
        answer = client.post(page_of(referral, "accept"), {"version": "1", "answer": "Come at noon."}, follow=True)
        assert answer.status_code == 200
        assert free(referral) == 2
        assert Need.objects.get(pk=referral.need_id).status == "met"
        case = Case.objects.get(pk=referral.case_id)
        assert policy.readable_sections(cast.again("provider"), case) == {"identity", "contact", "narrative"}
        assert client.get(reverse("case", args=[case.pk])).status_code == 200
        told = signed_in(cast.manager).post(reverse("referral_message", args=[referral.pk]))
        assert "Come at noon." in text(told)

    def test_what_she_did_not_agree_to_stays_shut(self, cast: Cast) -> None:
        referral = sent(cast, "identity", "narrative")
        actions.accept_referral(cast.provider, referral)
        sections = policy.readable_sections(cast.again("provider"), referral.case)
        assert sections.isdisjoint({"health", "whereabouts", "justice", "documents", "contact", "protection"})

    def test_a_service_that_does_not_count_places_accepts_without_counting(self, cast: Cast) -> None:
        referral = sent(cast, capacity_maximum=None, capacity_available=None)
        actions.accept_referral(cast.provider, referral)
        assert free(referral) is None

    def test_no_place_is_free(self, cast: Cast) -> None:
        referral = sent(cast, capacity_available=0)
        before = text(signed_in(cast.provider).get(page_of(referral, "accept")))
        assert "No place is free." in before
        assert f"/places/#service-{referral.service_id}" in before
        page = signed_in(cast.provider).post(page_of(referral, "accept"), {"version": "1", "answer": "Yes, gladly."})
        assert page.status_code == 422
        assert "No place is free." in text(page)
        assert "Yes, gladly." in text(page)
        assert Referral.objects.get(pk=referral.pk).status == "sent"

    def test_twice(self, cast: Cast) -> None:
        referral = sent(cast)
        client = signed_in(cast.provider)
        client.post(page_of(referral, "accept"), {"version": "1"})
        again = client.post(page_of(referral, "accept"), {"version": "1"})
        assert again.status_code == 422
        assert "Referral accepted" in text(again)
        assert free(referral) == 2


class TestDecline:
    def test_needs_a_reason(self, cast: Cast) -> None:
        referral = sent(cast)
        for data in ({}, {"reason": "tired"}):
            page = signed_in(cast.provider).post(
                page_of(referral, "decline"), {"version": "1", "answer": "Sorry.", **data}
            )
            assert page.status_code == 422
            assert "Sorry." in text(page)
        with pytest.raises(Refused):
            actions.decline_referral(cast.provider, referral, reason="")
        assert Referral.objects.get(pk=referral.pk).status == "sent"

    def test_the_sender_sees_why_and_the_service_nothing_more(self, cast: Cast) -> None:
        referral = sent(cast)
        signed_in(cast.provider).post(
            page_of(referral, "decline"), {"version": "1", "reason": "language_not_available"}
        )
        assert free(referral) == 3
        assert Need.objects.get(pk=referral.need_id).status == "open"
        sender = signed_in(cast.manager)
        for url in (page_of(referral), "/"):
            assert "Nobody speaks the language" in text(sender.get(url))
        assert not policy.may(cast.again("provider"), "see_case", referral.case)
        with pytest.raises((Forbidden, WrongState)):
            actions.accept_referral(cast.provider, referral)


class TestTheEnd:
    @pytest.mark.parametrize(("answer", "status"), [("complete", "completed"), ("end", "ended")])
    def test_feedback_is_told_the_place_is_free_again_and_the_case_shut(
        self, cast: Cast, answer: str, status: str
    ) -> None:
        referral = actions.accept_referral(cast.provider, sent(cast))
        client = signed_in(cast.provider)
        version = Referral.objects.get(pk=referral.pk).version
        assert client.post(page_of(referral, answer), {"version": version}).status_code == 422
        done = client.post(page_of(referral, answer), {"version": version, "feedback": "help_given_in_part"})
        assert done.status_code == 302
        assert Referral.objects.get(pk=referral.pk).status == status
        assert free(referral) == 3
        assert not policy.may(cast.again("provider"), "see_case", referral.case)
        assert policy.readable_sections(cast.again("provider"), referral.case) == frozenset()
        sender = signed_in(cast.manager)
        for url in (page_of(referral), "/"):
            assert "Part of the help was given" in text(sender.get(url))

    def test_free_places_never_exceed_the_places(self, cast: Cast) -> None:
        referral = actions.accept_referral(cast.provider, sent(cast))
        Service.objects.filter(pk=referral.service_id).update(capacity_available=10)
        actions.complete_referral(cast.provider, referral, feedback="help_given")
        assert free(referral) == 10


class TestTheSendersHome:
    def test_old_answers_make_room(self, cast: Cast) -> None:
        referral = sent(cast)
        actions.decline_referral(cast.provider, referral, reason="too_far")
        assert "Too far away" in text(signed_in(cast.manager).get("/"))
        Referral.objects.filter(pk=referral.pk).update(responded_at=clock.now() - timedelta(days=8))
        assert "Too far away" not in text(signed_in(cast.manager).get("/"))

    def test_nobody_elses(self, cast: Cast) -> None:
        actions.decline_referral(cast.provider, sent(cast), reason="too_far")
        for name in ("other_manager", "registry", "screener", "outsider", "other_provider"):
            assert "Too far away" not in text(signed_in(getattr(cast, name)).get("/"))

    def test_a_provider_is_reminded_of_figures_that_nobody_confirmed(self, cast: Cast) -> None:
        steps.service(cast, name="Counsel")
        Service.objects.update(capacity_updated_at=clock.now() - timedelta(days=5))
        page = text(signed_in(cast.provider).get("/"))
        assert "Are these free places still right?" in page
        assert "confirmed 5 days ago" in page
        assert "Update free places" in page
        other = text(signed_in(cast.other_provider).get("/"))
        assert "Are these free places still right?" not in other
        assert "Update free places" not in other


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
class TestTheLastPlace:
    def test_two_accept_and_one_is_refused(self, cast: Cast) -> None:
        """Two colleagues, two referrals, one place: the database lets exactly one through."""
        service = steps.service(cast, capacity_maximum=4, capacity_available=1)
        referrals = []
        other = steps.identity(
            "Chan", "Vuthy", birth_year=1970, birth_date="1970-11-30", phone="099887766", sex="male", nationality="VNM"
        )
        for who, name in ((steps.identity(), "Sok Dara"), (other, "Chan Vuthy")):
            case = steps.registered(cast, who=who, name=name)
            steps.agree(cast, case, "service_referral", cast.org("shelter"), TASK_SECTIONS["service"])
            referrals.append(actions.send_referral(cast.manager, case, "service", cast.org("shelter"), service=service))
        barrier, outcomes = threading.Barrier(2), []

        def accept(referral: Referral) -> None:
            try:
                user = cast.again("provider")
                barrier.wait(timeout=60)
                actions.accept_referral(user, Referral.objects.get(pk=referral.pk))
                outcomes.append("accepted")
            except Refused as refused:
                outcomes.append(refused.messages[0])
            finally:
                connections.close_all()

        threads = [threading.Thread(target=accept, args=[referral]) for referral in referrals]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 2
        assert outcomes.count("accepted") == 1
        assert any("No place is free" in outcome for outcome in outcomes)
        assert Service.objects.get(pk=service.pk).capacity_available == 0
