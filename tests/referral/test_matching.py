"""From the tables to the ranking: the person's facts, her possible ages, and who is left out of the ranking."""

from datetime import timedelta
from typing import Any

import pytest

from spean.cases import exclusion
from spean.cases.models import Case
from spean.directory import actions as directory
from spean.directory.models import Service
from spean.lib import clock
from spean.people.models import Person
from spean.referral import matching, rules
from tests import steps
from tests.cast import Cast


def changed(case: Case, person: dict[str, Any] | None = None, **facts: Any) -> Case:
    """The same case with other facts, as registration or a second interview would leave them."""
    Case.objects.filter(pk=case.pk).update(**facts)
    if person:
        Person.objects.filter(pk=case.person_id).update(**person)
    return Case.objects.select_related("person", "focal_organisation").get(pk=case.pk)


class TestAges:
    @pytest.mark.parametrize(
        ("told", "years_ago", "estimated", "disputed", "ages"),
        [
            (25, None, False, False, (25, 25)), (None, None, False, False, (None, None)),
            # The year of birth leaves two ages; an agreeing statement decides between them.
            (None, 18, False, False, (17, 18)), (17, 18, False, False, (17, 17)), (18, 18, False, False, (18, 18)),
            (None, 18, True, False, (17, 19)), (19, 18, True, False, (19, 19)),
            # A doubted statement decides nothing, and one that disagrees gives way.
            (17, 18, False, True, (17, 18)), (25, 18, False, False, (17, 18)), (None, 0, False, False, (0, 0)),
        ],
    )  # fmt: skip
    def test_table(
        self, cast: Cast, told: int | None, years_ago: int | None, estimated: bool, disputed: bool,
        ages: tuple[int | None, int | None],
    ) -> None:  # fmt: skip
        year = None if years_ago is None else clock.today().year - years_ago
        person = {"birth_year": year, "birth_year_estimated": estimated}
        case = changed(steps.registered(cast), person, age_at_screening=told, age_disputed=disputed)
        assert matching.ages(case) == ages

    def test_a_statement_grows_older_with_the_case(self, cast: Cast) -> None:
        case = changed(steps.acknowledged(cast, age=17).case)
        with clock.travel(clock.now() + timedelta(days=400)):
            assert matching.ages(case) == (18, 18)
            # The interview said a child, and nobody has determined otherwise.
            assert matching.person_facts(case).treated_as_child

    def test_who_may_be_seventeen_is_treated_as_a_child(self, cast: Cast) -> None:
        person = {"birth_year": clock.today().year - 18}
        facts = matching.person_facts(changed(steps.registered(cast), person, age_at_screening=None))
        assert facts.treated_as_child


class TestFacts:
    def test_registration_knows_more_than_the_interview_but_unknown_is_not_more(self, cast: Cast) -> None:
        person = {"sex": "unknown", "nationality": "", "languages": ["vi"], "has_documents": False}
        facts = matching.person_facts(changed(steps.registered(cast), person))
        assert (facts.sex, facts.nationality, facts.languages, facts.has_documents) == ("female", "KHM", ("vi",), False)

    def test_distance_counts_from_the_focal_agency(self, cast: Cast) -> None:
        assert matching.person_facts(changed(steps.registered(cast), detected_province="18")).province == "01"


class TestServicesFor:
    def test_services_of_the_need_that_are_open(self, cast: Cast) -> None:
        fits = steps.service(cast, name="Open")
        paused = steps.service(cast, name="Paused")
        directory.pause_service(cast.provider, paused)
        steps.service(cast, name="Other need", type="legal_representation")
        case = steps.registered(cast)
        assert [found.service for found in matching.services_for(case, "psychological")] == [fits]

    def test_an_excluded_organisation_is_not_offered(self, cast: Cast) -> None:
        steps.service(cast)
        case = steps.registered(cast)
        exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))
        assert matching.services_for(case, "psychological") == []

    def test_the_figures_age_is_counted_in_days_of_the_country(self, cast: Cast) -> None:
        steps.service(cast)
        Service.objects.update(capacity_updated_at=clock.now() - timedelta(days=15))
        found = matching.services_for(steps.registered(cast), "psychological")[0]
        assert "capacity_old" in [reason.code for reason in found.to_ask]

    def test_an_unknown_need_has_no_service(self, cast: Cast) -> None:
        steps.service(cast)
        assert matching.services_for(steps.registered(cast), "palace") == []


class TestTheDemonstrationsDirectory:
    """The man of the source documents, sold from boat to boat: the directory has no house for him, and says why."""

    @pytest.fixture
    def world(self, cast: Cast) -> None:
        from spean.access.models import Membership, Organisation, User
        from spean.demo import world as worlds

        # The organisations and services of the pack, without their people.
        built = worlds.World()
        for row in worlds.rows("organisations.csv"):
            built.organisations[row["key"]] = Organisation.objects.create(
                name=f"{row['name']} {row['key']}", type=row["type"], province=row["province"]
            )
        for row in worlds.rows("users.csv"):
            if row["role"] == "service_provider":
                user = User.objects.create_user(f"{row['key']}@example.org", row["name"], None)
                Membership.objects.create(
                    user=user, organisation=built.organisations[row["organisation"]], role=row["role"],
                    from_at=clock.now() - timedelta(days=90),
                )  # fmt: skip
                built.users[row["key"]] = user
        for row in worlds.rows("services.csv"):
            worlds._service(built, row)

    def case(self, cast: Cast, **facts: Any) -> Case:
        base = {"sex": "male", "birth_year": clock.today().year - 34, "birth_year_estimated": True}
        return changed(steps.registered(cast), {**base, **facts}, age_at_screening=None, sex="male", risk_level="high")

    def test_no_shelter_takes_a_grown_man(self, cast: Cast, world: None) -> None:
        found = matching.services_for(self.case(cast), "shelter")
        assert len(found) >= 4
        assert not any(one.eligible for one in found)
        assert all(one.obstacles for one in found)
        assert rules.why_unmet(found) == "no_service_for_sex"

    def test_a_boy_of_eleven_has_a_house_and_a_family(self, cast: Cast, world: None) -> None:
        case = self.case(cast, birth_year=clock.today().year - 11)
        names = [one.service.name for one in matching.services_for(case, "shelter") if one.eligible]  # type: ignore[attr-defined]
        assert "House for boys" in names

    def test_everything_else_a_man_needs_is_there(self, cast: Cast, world: None) -> None:
        case = self.case(cast)
        for need in ("medical", "psychological", "legal", "livelihood", "repatriation"):
            assert any(one.eligible for one in matching.services_for(case, need)), need
        assert Service.objects.count() > 15
