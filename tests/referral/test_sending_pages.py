"""From a need to a service and to the authority: what is shown before, what is sent, and who can do none of it."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from spean.cases import exclusion
from spean.cases.consent import withdraw_consent
from spean.cases.models import Case, Task
from spean.cases.work import TASK_SECTIONS
from spean.directory.models import Service
from spean.lib import clock
from spean.privacy.models import Consent, Event
from spean.protection import actions as protection
from spean.protection.models import Need
from spean.referral import actions
from spean.referral.models import Referral
from tests import steps
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in

NAME = "Kimsrun"
SOMEBODY_ELSE = steps.identity(
    "Chan", "Vuthy", birth_year=1970, birth_date="1970-11-30", phone="099887766", sex="male", nationality="VNM"
)


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def registered(cast: Cast, **kwargs: Any) -> Case:
    return steps.registered(cast, who=steps.identity(given_name=NAME), name=NAME, **kwargs)


def ranking_url(need: Need) -> str:
    return reverse("need_services", args=[need.case_id, need.pk])


def send_url(need: Need, service: Service) -> str:
    return reverse("need_refer", args=[need.case_id, need.pk, service.pk])


def agreed(cast: Cast, case: Case, *classes: str) -> Consent:
    steps.agree(cast, case, "service_referral", cast.org("shelter"), classes or TASK_SECTIONS["service"])
    return Consent.objects.filter(case=case, purpose="service_referral").latest("given_at")


def typed(**more: Any) -> dict[str, Any]:
    return {"sections": ["identity", "contact", "narrative", "health", "protection"], "once": str(uuid4()), **more}


def on(day: date) -> dict[str, str]:
    return {f"placement_review_on_{place}": str(part) for place, part in enumerate((day.day, day.month, day.year))}


class TestTheOutsider:
    @pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"manager"}))
    def test_finds_none_of_the_pages(self, cast: Cast, name: str) -> None:
        service, case = steps.service(cast), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        agreed(cast, case)
        client = signed_in(getattr(cast, name))
        urls = {
            ranking_url(need): reverse("need_services", args=[uuid4(), need.pk]),
            send_url(need, service): reverse("need_refer", args=[uuid4(), need.pk, service.pk]),
            reverse("case_to_authority", args=[case.pk]): reverse("case_to_authority", args=[uuid4()]),
            reverse("need_unmet", args=[need.pk]): reverse("need_unmet", args=[uuid4()]),
        }
        for here, nowhere in urls.items():
            for method in ("get", "post"):
                one, other = getattr(client, method)(here), getattr(client, method)(nowhere)
                # The ranking is read only, for everybody: 405 gives nothing away either.
                assert one.status_code == other.status_code, here
                assert one.status_code in ((404,) if method == "get" else (404, 405)), here
                assert one.content == other.content
        assert not Referral.objects.filter(kind="service").exists()

    def test_a_need_of_another_case_is_not_found_here(self, cast: Cast) -> None:
        one, other = registered(cast), steps.registered(cast, who=SOMEBODY_ELSE)
        need = protection.record_need(cast.manager, other, "psychological")
        client = signed_in(cast.manager)
        assert client.get(reverse("need_services", args=[one.pk, need.pk])).status_code == 404

    def test_a_stranger_signs_in_first(self, cast: Cast) -> None:
        need = protection.record_need(cast.manager, registered(cast), "psychological")
        assert Client().get(ranking_url(need)).status_code == 302


class TestRanking:
    def test_reasons_questions_and_obstacles_in_words(self, cast: Cast) -> None:
        steps.service(cast, name="Counsel", languages=["km"], meets_minimum_standards=True)
        Service.objects.update(capacity_updated_at=clock.now() - timedelta(days=2))
        steps.service(cast, name="For children", maximum_age=17)
        steps.service(cast, name="Asks papers", needs_documents=True)
        need = protection.record_need(cast.manager, registered(cast), "psychological")
        page = text(signed_in(cast.manager).get(ranking_url(need)))
        for words in (
            "In the same province", "Speaks Khmer", "Meets the minimum standards", "3 of 10 places free",
            "confirmed 2 days ago", "Takes only children", "It asks for identity documents.", "Ask first:",
        ):  # fmt: skip
            assert words in page, words
        assert page.index("Counsel") < page.index("Asks papers") < page.index("For children")
        assert NAME not in page

    def test_nothing_fits_so_the_gap_is_offered(self, cast: Cast) -> None:
        steps.service(cast, name="Women", sexes=["female"], minimum_age=18, type="emergency_shelter", residential=True)
        case = registered(cast)
        Case.objects.filter(pk=case.pk).update(sex="male")
        type(steps.person_of(case)).objects.filter(pk=case.person_id).update(sex="male")
        need = protection.record_need(cast.manager, case, "shelter")
        page = text(signed_in(cast.manager).get(ranking_url(need)))
        assert "No service in the directory can take this person" in page
        assert "Takes only women" in page
        assert f"{reverse('need_unmet', args=[need.pk])}?reason=no_service_for_sex" in page

    def test_who_declined_stays_on_the_list_and_says_so(self, cast: Cast) -> None:
        service, case = steps.service(cast), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        agreed(cast, case)
        sent = actions.send_referral(cast.manager, case, "service", cast.org("shelter"), service=service, need=need)
        client = signed_in(cast.manager)
        assert "waits for an answer" in text(client.get(ranking_url(need)))
        assert "Refer here" not in text(client.get(ranking_url(need)))
        actions.decline_referral(cast.provider, sent, reason="no_free_place")
        page = text(client.get(ranking_url(need)))
        assert "Declined on" in page
        assert "No free place" in page
        assert "Ask again" in page
        assert "reason=all_declined" in page
        # Behind those who have not been asked, who may rank lower otherwise.
        steps.service(cast, name="Far away", province="18")
        page = text(client.get(ranking_url(need)))
        assert page.index("Far away") < page.index("Ask again")
        assert "reason=all_declined" not in page
        # From the answer one comes back to the ranking.
        assert ranking_url(need) in text(client.get(reverse("referral", args=[sent.pk])))

    def test_an_excluded_organisation_is_not_on_it(self, cast: Cast) -> None:
        steps.service(cast, name="Implicated")
        case = registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))
        assert "Implicated" not in text(signed_in(cast.manager).get(ranking_url(need)))

    def test_whoever_screens_may_use_it_before_the_handover(self, cast: Cast) -> None:
        steps.service(cast, name="Counsel")
        case = steps.screened(cast).case
        need = protection.record_need(cast.screener, case, "psychological")
        page = text(signed_in(cast.screener).get(ranking_url(need)))
        assert "Counsel" in page
        assert "Record as an unmet need" not in page
        assert signed_in(cast.colleague).get(ranking_url(need)).status_code == 404

    def test_in_khmer(self, cast: Cast) -> None:
        steps.service(cast, name_km="ការប្រឹក្សា", languages=["km"])
        need = protection.record_need(cast.manager, registered(cast), "psychological")
        client = signed_in(cast.manager)
        client.post("/language/", {"language": "km", "next": "/"})
        page = text(client.get(ranking_url(need)))
        assert '<html lang="km">' in page
        assert "ការប្រឹក្សា" in page
        assert "ជំនួយផ្លូវចិត្ត" in page


class TestSending:
    def test_without_her_yes_there_is_nothing_to_send(self, cast: Cast) -> None:
        service, case = steps.service(cast), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        client = signed_in(cast.manager)
        page = client.get(send_url(need, service))
        assert "Nothing may be shared with this organisation yet." in text(page)
        assert "Send the referral" not in text(page)
        assert reverse("case_consent", args=[case.pk, "service_referral"]) in page.context["consent_url"]
        assert str(cast.org("shelter").pk) in page.context["consent_url"]
        refused = client.post(send_url(need, service), typed(message="She knows the house."))
        assert refused.status_code == 422
        assert "has not agreed that anything is shared" in text(refused)
        assert "She knows the house." in text(refused)
        assert not Referral.objects.filter(kind="service").exists()

    def test_recording_the_yes_leads_back_here(self, cast: Cast) -> None:
        service, case = steps.service(cast), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        client = signed_in(cast.manager)
        url = client.get(send_url(need, service)).context["consent_url"]
        data = {
            "told": list(client.get(url).context["form"].fields["told"].choices), "recipient": str(cast.org("shelter").pk),
            "classes": ["identity"], "language": "km", "interpreter_kind": "none", "evidence": "thumbprint",
        }  # fmt: skip
        data["told"] = [code for code, _words in data["told"]]
        assert client.post(url, data)["Location"] == send_url(need, service)
        away = url.split("next=")[0] + "next=https%3A%2F%2Fevil.example%2F"
        assert client.post(away, data)["Location"] == reverse("case", args=[case.pk])

    def test_what_is_shared_is_said_before_and_is_no_more(self, cast: Cast) -> None:
        service, case = steps.service(cast), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological", urgent=True)
        agreed(cast, case, "identity", "narrative", "justice")
        client = signed_in(cast.manager)
        page = client.get(send_url(need, service))
        assert page.context["form"].covered == ["identity", "narrative"]
        assert "Not shared, because the person did not agree to it:" in text(page)
        assert "Phone and ways to make contact" in text(page)
        answer = client.post(send_url(need, service), typed(sections=["identity"], urgent="on"), follow=True)
        sent = Referral.objects.get(kind="service")
        assert (sent.sections, sent.urgent, sent.need, sent.service) == (["identity"], True, need, service)
        assert "Shared: Name and identity." in text(answer)
        assert Task.objects.get(object_id=sent.pk).kind == "respond_urgent_referral"

    def test_more_than_she_agreed_to_cannot_be_ticked(self, cast: Cast) -> None:
        service, case = steps.service(cast), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        agreed(cast, case, "identity")
        for sections in (["identity", "health"], ["justice"], ["everything"], []):
            page = signed_in(cast.manager).post(send_url(need, service), typed(sections=sections))
            assert page.status_code == 422
        assert not Referral.objects.filter(kind="service").exists()

    @pytest.mark.parametrize("left", [(), ("identity",)])
    def test_taken_back_between_the_page_and_the_sending(self, cast: Cast, left: tuple[str, ...]) -> None:
        service, case = steps.service(cast), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        consent = agreed(cast, case)
        client = signed_in(cast.manager)
        assert "Send the referral" in text(client.get(send_url(need, service)))
        withdraw_consent(cast.manager, consent)
        if left:
            with clock.travel(clock.now() + timedelta(seconds=1)):
                agreed(cast, case, *left)
        with clock.travel(clock.now() + timedelta(seconds=2)):
            page = client.post(send_url(need, service), typed(message="She waits at the gate."))
        assert page.status_code == 422
        assert "She waits at the gate." in text(page)
        assert not Referral.objects.filter(kind="service").exists()
        assert not Event.objects.filter(action="referral.sent", facts__kind="service").exists()

    def test_a_message_that_nobody_could_read_is_not_taken(self, cast: Cast) -> None:
        service, case = steps.service(cast), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        agreed(cast, case)
        page = signed_in(cast.manager).post(
            send_url(need, service), typed(sections=["identity"], message="Call first.")
        )
        assert page.status_code == 422
        assert "nobody there could read a message" in text(page)

    def test_once(self, cast: Cast) -> None:
        service, case = steps.service(cast), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        agreed(cast, case)
        client, data = signed_in(cast.manager), typed()
        first = client.post(send_url(need, service), data)
        again = client.post(send_url(need, service), data)
        assert first["Location"] == again["Location"]
        assert Referral.objects.filter(kind="service").count() == 1
        other = client.post(send_url(need, service), typed())
        assert other.status_code == 422
        assert "already waits for an answer" in text(other)

    def test_a_residential_place_needs_a_reason_and_a_day(self, cast: Cast) -> None:
        service = steps.service(cast, type="emergency_shelter", residential=True)
        case = registered(cast)
        need = protection.record_need(cast.manager, case, "shelter")
        agreed(cast, case)
        client = signed_in(cast.manager)
        page = client.post(send_url(need, service), typed())
        assert page.status_code == 422
        assert "Choose why a place in an institution is needed" in text(page)
        assert "Enter the day on which the place is looked at again" in text(page)
        good = {"placement_reason": "danger_outside"}
        for day in (clock.today(), clock.today() - timedelta(days=1), clock.today() + timedelta(days=800)):
            assert client.post(send_url(need, service), typed(**good, **on(day))).status_code == 422
        wrong = {"placement_review_on_0": "31", "placement_review_on_1": "2", "placement_review_on_2": "2027"}
        assert client.post(send_url(need, service), typed(**good, **wrong)).status_code == 422
        review = clock.today() + timedelta(days=30)
        assert client.post(send_url(need, service), typed(**good, **on(review))).status_code == 302
        sent = Referral.objects.get(kind="service")
        assert (sent.placement_reason, sent.placement_review_on) == ("danger_outside", review)

    def test_an_excluded_or_paused_or_unfit_recipient(self, cast: Cast) -> None:
        service, case = steps.service(cast, maximum_age=17), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        agreed(cast, case)
        client = signed_in(cast.manager)
        assert "According to the directory it cannot take this person" in text(client.get(send_url(need, service)))
        Service.objects.filter(pk=service.pk).update(status="paused")
        assert "This service is paused at the moment." in text(client.post(send_url(need, service), typed()))
        Service.objects.filter(pk=service.pk).update(status="active")
        exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))
        page = client.post(send_url(need, service), typed())
        assert page.status_code == 422
        assert "This organisation is excluded from the case." in text(page)
        assert not Referral.objects.filter(kind="service").exists()

    def test_a_need_that_is_met_is_not_sent_again(self, cast: Cast) -> None:
        service, case = steps.service(cast), registered(cast)
        need = protection.record_need(cast.manager, case, "psychological")
        protection.meet_need(cast.manager, need)
        agreed(cast, case)
        client = signed_in(cast.manager)
        assert "Refer here" not in text(client.get(ranking_url(need)))
        assert client.post(send_url(need, service), typed()).status_code == 422


class TestToTheAuthority:
    def test_with_its_own_purpose(self, cast: Cast) -> None:
        case = registered(cast)
        url = reverse("case_to_authority", args=[case.pk])
        client = signed_in(cast.manager)
        # A yes to a service is no yes to the authority.
        agreed(cast, case)
        assert "Nothing may be shared with this organisation yet." in text(client.get(url))
        steps.agree(cast, case, "identification", cast.org("authority"), ("identity", "narrative"))
        page = client.get(url)
        assert page.context["form"].covered == ["identity", "narrative"]
        answer = client.post(url, typed(sections=["identity", "narrative"], message="Please come on Monday."))
        sent = Referral.objects.get(kind="identification")
        assert answer["Location"] == reverse("referral", args=[sent.pk])
        assert (sent.to_organisation, sent.sections) == (cast.org("authority"), ["identity", "narrative"])
        # Asked once, one is led to what was asked.
        assert client.get(url)["Location"] == reverse("referral", args=[sent.pk])

    def test_not_before_registration(self, cast: Cast) -> None:
        case = steps.acknowledged(cast).case
        assert signed_in(cast.manager).get(reverse("case_to_authority", args=[case.pk])).status_code == 404

    def test_not_to_an_authority_that_is_excluded(self, cast: Cast) -> None:
        case = registered(cast)
        exclusion.exclude(cast.manager, case, reason="related_to_suspect", organisation=cast.org("authority"))
        url = reverse("case_to_authority", args=[case.pk])
        client = signed_in(cast.manager)
        assert "No competent authority can take this case." in text(client.get(url))
        assert client.post(url, typed()).status_code == 422
        assert client.post(f"{url}?to={cast.org('authority').pk}", typed()).status_code == 422
        assert not Referral.objects.filter(kind="identification").exists()


class TestUnmet:
    def test_recorded_with_its_reason_and_counted_without_the_person(self, cast: Cast) -> None:
        case = registered(cast)
        need = protection.record_need(cast.manager, case, "shelter")
        protection.record_need(cast.manager, case, "medical")
        client = signed_in(cast.manager)
        url = reverse("need_unmet", args=[need.pk])
        assert client.get(f"{url}?reason=no_service_for_sex").context["form"]["reason"].value() == "no_service_for_sex"
        assert client.get(f"{url}?reason=<script>").context["form"]["reason"].value() == ""
        assert "Choose why the need could not be met." in text(client.post(url, {"version": "1"}))
        assert client.post(url, {"version": "1", "reason": "no_service_for_sex"}).status_code == 302
        page = text(client.get(reverse("unmet_need_list")))
        assert "1 of 2 needs could not be met." in page
        for words in ("A safe place to stay", "Banteay Meanchey", "No service for this sex or gender"):
            assert words in page
        assert case.code not in page
        assert NAME not in page

    def test_twice(self, cast: Cast) -> None:
        need = protection.record_need(cast.manager, registered(cast), "shelter")
        url = reverse("need_unmet", args=[need.pk])
        client = signed_in(cast.manager)
        client.post(url, {"version": "1", "reason": "other"})
        page = client.post(url, {"version": "1", "reason": "cost"})
        assert page.status_code == 422
        assert "Need could not be met" in text(page)
        assert Need.objects.get(pk=need.pk).unmet_reason == "other"

    @pytest.mark.parametrize("name", ["other_manager", "registry"])
    def test_only_the_own_cases_are_counted(self, cast: Cast, name: str) -> None:
        need = protection.record_need(cast.manager, registered(cast), "shelter")
        protection.mark_need_unmet(cast.manager, need, reason="other")
        page = text(signed_in(getattr(cast, name)).get(reverse("unmet_need_list")))
        assert "0 of 0 needs could not be met." in page
        assert "No need is recorded as unmet" in page

    @pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"manager", "other_manager", "registry"}))
    def test_nobody_but_case_managers(self, cast: Cast, name: str) -> None:
        assert signed_in(getattr(cast, name)).get("/needs/unmet/").status_code == 404


class TestManyServices:
    def test_the_ranking_asks_few_questions_of_the_database(
        self, cast: Cast, django_assert_max_num_queries: Any
    ) -> None:
        need = protection.record_need(cast.manager, registered(cast), "psychological")
        for number in range(12):
            steps.service(cast, name=f"Counsel {number}")
        client = signed_in(cast.manager)
        client.get(ranking_url(need))
        with django_assert_max_num_queries(24):
            client.get(ranking_url(need))
