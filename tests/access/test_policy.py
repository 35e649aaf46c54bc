"""Who may do what: every role × action × relation, on real rows. The matrix is kept as a file for reading."""

import csv
import os
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.http import Http404

from spean.access import policy, roles
from spean.access.models import Membership, User
from spean.cases.exclusion import ask_to_lift, exclude, lift
from spean.cases.models import Case, Exclusion, Involvement, Task
from spean.lib import clock
from spean.referral import actions as referral
from tests import steps
from tests.cast import Cast

MODEL_OF: dict[str, str] = {
    "see_screening": "detection.Screening",
    "see_consent": "privacy.Consent",
    "withdraw_consent": "privacy.Consent",
    "see_person": "people.Person",
    "edit_person": "people.Person",
    "see_match": "people.PossibleMatch",
    "decide_match": "people.PossibleMatch",
    "see_protection": "protection.Need",
    "change_need": "protection.Need",
    "end_reflection_period": "protection.ReflectionPeriod",
    "waive_reflection_period": "protection.ReflectionPeriod",
    "see_referral": "referral.Referral",
    "acknowledge_referral": "referral.Referral",
    "accept_referral": "referral.Referral",
    "decline_referral": "referral.Referral",
    "withdraw_referral": "referral.Referral",
    "complete_referral": "referral.Referral",
    "end_referral": "referral.Referral",
    "read_referral": "referral.Referral",
    "ask_to_lift_exclusion": "cases.Exclusion",
    "lift_exclusion": "cases.Exclusion",
    "see_suspects": "cases.Suspect",
    "clear_suspect": "cases.Suspect",
    "see_involvement": "cases.Involvement",
    "renew_involvement": "cases.Involvement",
    "end_involvement": "cases.Involvement",
    "ask_renewal": "cases.Involvement",
    "see_reason": "cases.Reason",
    "see_hand_over": "cases.HandOver",
    "accept_hand_over": "cases.HandOver",
    "see_conference": "cases.Conference",
    "record_conference": "cases.Conference",
    "see_determination": "identification.Determination",
    "propose_determination": "identification.Determination",
    "confirm_determination": "identification.Determination",
    "inform_of_determination": "identification.Determination",
    "request_review": "identification.Determination",
    "see_service": "directory.Service",
    "see_places": "directory.Service",
    "edit_service": "directory.Service",
    "update_capacity": "directory.Service",
    "see_shelter_location": "directory.ShelterLocation",
    "let_into_location": "directory.ShelterLocation",
    "close_location": "directory.LocationGrant",
    "keep_location_open": "directory.LocationGrant",
    "see_emergency": "privacy.EmergencyAccess",
    "confirm_emergency": "privacy.EmergencyAccess",
    "review_emergency": "privacy.EmergencyAccess",
    "see_arrival": "detection.Arrival",
    "see_informant": "detection.Informant",
    "keep_informant_longer": "detection.Informant",
    "see_operation": "cases.OperationalFact",
    "change_operation": "cases.OperationalFact",
    "see_task": "cases.Task",
    "manage_organisations": "access.Organisation",
    "manage_users": "access.User",
    "read_log": "privacy.Event",
    "see_export": "exchange.Export",
    "approve_export": "exchange.Export",
    "withdraw_export": "exchange.Export",
    "make_export": "exchange.Export",
    "see_device": "exchange.Device",
    "revoke_device": "exchange.Device",
    "see_quarantined": "exchange.Quarantined",
    "settle_quarantined": "exchange.Quarantined",
    "see_access_change": "access.AccessChange",
    "confirm_access_change": "access.AccessChange",
    "withdraw_access_change": "access.AccessChange",
    "see_withdrawal": "cases.WithdrawalNotice",
    "acknowledge_withdrawal": "cases.WithdrawalNotice",
    "see_erasure": "privacy.Erasure",
    "confirm_erasure": "privacy.Erasure",
    "see_alert": "privacy.Alert",
    "clear_alert": "privacy.Alert",
    "see_canary": "privacy.Canary",
    "review_leak": "privacy.Event",
    "extend_budget": "access.User",
    "see_list": "lists.PartnerList",
    "deliver_list": "lists.PartnerList",
    "see_agreed": "lists.PartnerList",
    "begin_from_row": "lists.ListRow",
    "read_row": "lists.ListRow",
    "destroy_row": "lists.ListRow",
    "see_register": "lists.Linking",
    "start_linking": "lists.Linking",
    "see_pair": "lists.Pair",
    "decide_pair": "lists.Pair",
    "see_edition": "statistics.Edition",
    "draft_edition": "statistics.Edition",
    "check_edition": "statistics.Edition",
    "publish_edition": "statistics.Edition",
    "see_figure": "statistics.Figure",
    "publish_figure": "statistics.Figure",
    "withdraw_figure": "statistics.Figure",
}
WITHOUT_OBJECT = {
    "ask_emergency", "start_screening", "search_people", "see_directory", "see_unmet_need", "request_export",
    "trace_export", "see_backups", "keep_log_root", "plant_canary", "enrol_device",
    "keep_list", "keep_list_of_names",
    "record_figure", "list_arrival",
}  # fmt: skip


def model_of(action: str) -> Any:
    return apps.get_model(MODEL_OF.get(action, "cases.Case"))


def test_every_action_is_covered_here() -> None:
    assert set(MODEL_OF) | WITHOUT_OBJECT <= set(policy.ACTIONS)


@pytest.mark.parametrize("action", sorted(set(policy.ACTIONS) - WITHOUT_OBJECT))
def test_every_relation_is_known_to_its_model(action: str) -> None:
    """A misspelt relation would silently grant nothing; a rule that grants nothing is a fault."""
    label = model_of(action)._meta.label
    relations = policy.RELATIONS.get(label, policy.CASE_RELATIONS)
    for rule in policy.ACTIONS[action]:
        assert rule.relation in relations, (action, rule.relation)
        assert rule.roles <= set(roles.ALL)


@pytest.fixture
def decided(cast: Cast) -> Case:
    """A case in which everybody of the cast who can be involved is involved."""
    case = steps.proposed(cast).case
    service = steps.service(cast)
    steps.agree(cast, case, "service_referral", cast.org("shelter"))
    sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=service)
    referral.accept_referral(cast.provider, sent)
    from spean.protection.actions import record_need

    record_need(cast.manager, case, "medical")
    return Case.objects.get(pk=case.pk)


STRANGERS = ("outsider", "other_manager", "other_provider", "operator", "supervisor", "prosecutor", "clerk",
             "return_officer", "labour_officer", "statistician", "auditor", "administrator", "investigator", "colleague")  # fmt: skip
CASE_ROOMS = ("cases", "detection", "people", "protection", "referral", "identification")


@pytest.mark.parametrize("name", STRANGERS)
def test_strangers_see_no_row_of_a_case(cast: Cast, decided: Case, name: str) -> None:
    stranger = getattr(cast, name)
    for action in policy.ACTIONS:
        if action in WITHOUT_OBJECT:
            continue
        model = model_of(action)
        if model._meta.app_label in CASE_ROOMS or model._meta.label == "privacy.Consent":
            assert list(policy.visible(stranger, action, model)) == [], (name, action)
    assert policy.readable_sections(stranger, decided) == frozenset()


def test_may_and_visible_agree(cast: Cast, decided: Case) -> None:
    """One rule, two questions: they can never drift apart."""
    for user in cast.users.values():
        for action in policy.ACTIONS:
            if action in WITHOUT_OBJECT:
                continue
            model = model_of(action)
            seen = set(policy.visible(user, action, model).values_list("pk", flat=True))
            for row in model._default_manager.all()[:20]:
                assert policy.may(user, action, row) == (row.pk in seen), (user.name, action)


def test_effective_matrix_is_the_committed_one(cast: Cast, decided: Case) -> None:
    """Who of the cast may do what with this one case: a change of policy must change this file, visibly."""
    kept = Path(__file__).with_name("effective_matrix.csv")
    lines = []
    for action in sorted(set(policy.ACTIONS) - WITHOUT_OBJECT):
        model = model_of(action)
        if model._meta.app_label in ("access",) or model._meta.label == "privacy.Event":
            continue
        for name, user in cast.users.items():
            if policy.visible(user, action, model).exists():
                lines.append([action, name])
    if "SPEAN_WRITE_SNAPSHOTS" in os.environ:
        with kept.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([["action", "who"], *lines])
    with kept.open(newline="") as file:
        assert lines == list(csv.reader(file))[1:]


def test_excluded_organisation_sees_nothing(cast: Cast, decided: Case) -> None:
    exclude(cast.manager, decided, reason="implicated", organisation=cast.org("shelter"))
    provider = cast.again("provider")
    for action in policy.ACTIONS:
        if action in WITHOUT_OBJECT:
            continue
        model = model_of(action)
        if model._meta.app_label in CASE_ROOMS:
            assert not policy.visible(provider, action, model).exists(), action
    assert policy.readable_sections(provider, decided) == frozenset()
    assert not policy.visible(provider, "see_task", Task).filter(case=decided).exists()


def test_excluded_user_sees_nothing_his_colleague_does(cast: Cast, decided: Case) -> None:
    exclude(cast.manager, decided, reason="related_to_suspect", user=cast.users["officer"])
    assert not policy.visible(cast.again("officer"), "see_case", Case).exists()
    assert policy.visible(cast.again("other_officer"), "see_case", Case).exists()


def test_lifted_exclusion_lets_in_again(cast: Cast, decided: Case) -> None:
    row = exclude(cast.manager, decided, reason="related_to_suspect", user=cast.users["provider"])
    assert not policy.visible(cast.again("provider"), "see_case", Case).exists()
    ask_to_lift(cast.manager, row, reason="A namesake, not a relative.")
    lift(cast.registry, row, reason="Shown by the family book.")
    assert policy.visible(cast.again("provider"), "see_case", Case).exists()


def test_ended_involvement_closes_on_the_next_request(cast: Cast, decided: Case) -> None:
    Involvement.objects.filter(task="service").update(until_at=clock.now())
    assert not policy.visible(cast.again("provider"), "see_case", Case).exists()
    assert not policy.may_read(cast.again("provider"), decided, "identity")


def test_ended_membership_closes_on_the_next_request(cast: Cast, decided: Case) -> None:
    Membership.objects.filter(user=cast.manager).update(until_at=clock.now())
    manager = cast.again("manager")
    assert not policy.visible(manager, "see_case", Case).exists()
    assert not policy.may(manager, "search_people")


def test_inactive_user_and_inactive_organisation_may_nothing(cast: Cast, decided: Case) -> None:
    manager = cast.again("manager")
    manager.is_active = False
    assert not policy.may(manager, "see_case", decided)
    assert not policy.may(manager, "search_people")
    # Nor does he act for anybody any more, whoever asks.
    assert list(manager.memberships_now()) == []
    assert not manager.roles
    organisation = cast.org("focal")
    organisation.active = False
    organisation.save()
    assert not policy.visible(cast.again("manager"), "see_case", Case).exists()


def test_screener_reads_until_the_focal_agency_takes_over(cast: Cast) -> None:
    sent = steps.referred(cast)
    case = Case.objects.get(pk=sent.case_id)
    assert policy.may_read(cast.screener, case, "identity")
    assert not policy.may_read(cast.colleague, case, "identity")
    assert not policy.may_read(cast.manager, case, "identity")
    referral.acknowledge_referral(cast.manager, sent)
    assert not policy.may_read(cast.screener, case, "identity")
    assert policy.may(cast.screener, "see_case", case)
    assert policy.may_read(cast.manager, case, "identity")


def test_provider_reads_only_what_was_shared(cast: Cast) -> None:
    case = steps.registered(cast)
    service = steps.service(cast)
    steps.agree(cast, case, "service_referral", cast.org("shelter"), ("identity", "health"))
    sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=service)
    assert policy.readable_sections(cast.provider, case) == frozenset()
    referral.accept_referral(cast.provider, sent)
    assert policy.readable_sections(cast.provider, case) == {"identity", "health"}


def test_missing_and_forbidden_are_alike(cast: Cast, decided: Case) -> None:
    from uuid import uuid4

    for pk in (decided.pk, uuid4(), "not-a-uuid"):
        with pytest.raises(Http404) as raised:
            policy.find(cast.outsider, "see_case", Case, pk)
        assert str(raised.value) == ""


def test_anonymous_may_nothing(cast: Cast, decided: Case) -> None:
    from django.contrib.auth.models import AnonymousUser

    nobody: Any = AnonymousUser()
    assert not policy.may(nobody, "see_case", decided)
    assert not policy.visible(nobody, "see_case", Case).exists()
    assert not policy.may_read(nobody, decided, "identity")


def test_no_role_reads_every_section_but_the_case_manager() -> None:
    for role in roles.ALL:
        if role != roles.CASE_MANAGER:
            assert set(roles.SECTIONS) > roles.ROLE_SECTIONS[role]
    assert "whereabouts" not in roles.ROLE_SECTIONS[roles.INVESTIGATOR] | roles.ROLE_SECTIONS[roles.FIRST_RESPONDER]


def test_user_of_nothing(cast: Cast, decided: Case) -> None:
    user = User.objects.create_user("new@example.org", "New", None)
    assert not policy.visible(user, "see_case", Case).exists()
    assert user.organisation is None


def test_excluded_from_one_episode_reads_no_identity_through_another(cast: Cast) -> None:
    """Somebody implicated in one episode must not find the person by way of a second one."""
    case = steps.registered(cast)
    person = steps.person_of(case)
    assert policy.may_reveal(cast.manager, person, "identity")
    second = steps.registered(cast, who=steps.identity("Chea", "Vanna", phone="", birth_date="1980-01-02"), name="Chea")
    Case.objects.filter(pk=second.pk).update(person=person)
    Exclusion.objects.create(case=second, organisation=cast.org("focal"), reason="implicated", created_by=cast.registry)
    again = cast.again("manager")
    assert not policy.may_reveal(again, person, "identity")
    assert not policy.visible(again, "see_person", type(person)).filter(pk=person.pk).exists()
