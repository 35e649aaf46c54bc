"""One fictional person, carried step by step through the same verbs as the pages, each at its own hour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from spean.access.models import Organisation, User
from spean.access.roles import CASE_MANAGER, IDENTIFICATION_OFFICER, IDENTIFICATION_REVIEWER, SERVICE_PROVIDER
from spean.cases import actions as cases
from spean.cases import exclusion, grounds
from spean.cases.consent import record_consent, record_refusal
from spean.cases.models import Case
from spean.cases.work import TASK_SECTIONS
from spean.demo.world import World
from spean.detection import actions as detection
from spean.detection.models import Screening
from spean.directory.models import Service
from spean.identification import actions as identification
from spean.identification.models import Determination
from spean.lib import clock
from spean.people.actions import Identity, MatchesToDecide, register_person
from spean.privacy import doors
from spean.privacy.models import Consent
from spean.protection import actions as protection
from spean.protection.models import Need, ReflectionPeriod
from spean.referral import actions as referral
from spean.referral.matching import services_for
from spean.referral.models import Referral

# How far a story goes. Each stage includes the ones before it on its branch.
STAGES = (
    "answering", "screened", "refused", "second_interview", "no_indication", "labour_track", "moved_on",
    "referred", "acknowledged", "registered", "assisted", "reflecting", "with_authority", "proposed", "confirmed",
    "informed", "review_asked",
)  # fmt: skip
LONG = STAGES.index("referred")


@dataclass
class Person:
    """What the story says of a person. Names are invented."""

    family_name: str
    given_name: str
    name_km: str
    sex: str
    age: int | None
    nationality: str = "KHM"
    nationality_claimed: str = ""
    nationality_contested: bool = False
    languages: Sequence[str] = ("km",)
    has_documents: bool | None = None
    birth_province: str = ""
    mother_name: str = ""


@dataclass
class Story:
    """Facts and the stage at which the story stands today."""

    person: Person
    screening: dict[str, Any]
    stage: str
    begins: datetime
    screener: str
    focal: str
    needs: Sequence[str] = ()
    risk: str = "medium"
    context: str = "border"
    instrument: str = "ilo_2009"
    notes: str = ""
    outcome: str = "identified"
    # What the manager decides on possible matches found at registration.
    decision: str = "not_same"
    exclude: str = ""
    meets_needs: bool = True
    # A child with nobody who could agree: referred in code, and the focal agency's officer is the second person.
    alone: bool = False
    case: Case | None = field(default=None, init=False)


class Teller:
    """Tells stories into the database. Time moves on with each step and never passes the present."""

    def __init__(self, world: World, now: datetime) -> None:
        self.world = world
        self.now = now

    def tell(self, story: Story) -> Case:
        """Carry one person to the stage the story names."""
        self._time = story.begins
        screener = self.world.users[story.screener]
        screening = self._at(0, lambda: detection.start_screening(
            screener, instrument=story.instrument, exploitation=story.screening["exploitation"]))  # fmt: skip
        case = story.case = screening.case
        facts = story.screening
        self._at(4, lambda: detection.describe_person(
            screener, case, sex=story.person.sex, nationality=story.person.nationality,
            languages=list(story.person.languages), detection_context=story.context,
            detected_province=screener.organisation.province if screener.organisation else ""))  # fmt: skip
        if story.stage == "moved_on":
            return self._move_on(story, screener, screening)
        # The person first, then the questions: which list is asked depends on her age.
        self._at(3, lambda: detection.save_answers(
            screener, screening, version=None, age=facts["age"], age_disputed=facts.get("age_disputed", False),
            acts=facts["acts"], forms=list(facts.get("forms", ())), private_place=True,
            interview_language=story.person.languages[0], stated_name=self._called(story)))  # fmt: skip
        self._at(9, lambda: detection.save_answers(
            screener, screening, version=None, answers=dict(facts["answers"]), notes=story.notes))  # fmt: skip
        if story.stage == "answering":
            return case
        self._at(6, lambda: detection.complete_screening(screener, screening))
        self._at(3, lambda: protection.record_needs(screener, case, list(story.needs)))
        self._at(3, lambda: protection.assess_risk(
            screener, case, level=story.risk, with_person=True,
            response="Discussed together; stays with the officer until handed over."))  # fmt: skip
        self._at(1, lambda: cases.give_direct_help(screener, case, ["leaflet", "water_food"]))
        branch: dict[str, Callable[[Story, User], None]] = {
            "refused": self._refuse,
            "second_interview": self._second_interview,
            "no_indication": self._no_indication,
            "labour_track": self._labour_track,
        }
        if story.stage in branch:
            branch[story.stage](story, screener)
        elif self._reaches(story, "referred"):
            self._refer(story, screener)
        return Case.objects.get(pk=case.pk)

    # --- branches that end with the screener --------------------------------------------------------------

    def _refuse(self, story: Story, screener: User) -> None:
        case = story.case
        assert case is not None
        self._at(5, lambda: record_refusal(screener, case, purpose="referral_to_focal_agency", language="km"))
        self._at(2, lambda: detection.count_without_identity(screener, case, reason="fears_authorities"))

    def _second_interview(self, story: Story, screener: User) -> None:
        case = story.case
        assert case is not None
        self._at(5, lambda: detection.offer_second_interview(screener, case, leaflet_given=True))

    def _no_indication(self, story: Story, screener: User) -> None:
        case = story.case
        assert case is not None
        self._at(10, lambda: cases.close_case(
            screener, case, reason="no_indication",
            explanation="Chose the work himself, was paid as agreed and could leave. Safe-migration leaflet given."))  # fmt: skip

    def _labour_track(self, story: Story, screener: User) -> None:
        case = story.case
        assert case is not None
        for need in case.needs.filter(status="open"):
            self._serve(screener, case, need)
        self._at(60, lambda: cases.close_case(
            screener, case, reason="other_service",
            explanation="A breach of labour law without means of trafficking: handed to the labour complaint desk."))  # fmt: skip

    def _move_on(self, story: Story, screener: User, screening: Screening) -> Case:
        """Presumed a victim and referred, and gone home before the agency met her: a short way through the verbs."""
        facts = story.screening
        self._at(12, lambda: detection.save_answers(
            screener, screening, version=None, age=facts["age"], acts=facts["acts"], forms=list(facts["forms"]),
            private_place=True, interview_language=story.person.languages[0], answers=dict(facts["answers"])))  # fmt: skip
        self._at(6, lambda: detection.complete_screening(screener, screening))
        case, focal = screening.case, self.world.organisations[story.focal]
        self._at(
            8, lambda: self._agree(screener, case, "referral_to_focal_agency", None, TASK_SECTIONS["focal"], story)
        )
        sent = self._at(4, lambda: referral.refer_case(screener, Case.objects.get(pk=case.pk), focal))
        self._at(300, lambda: referral.withdraw_referral(screener, sent))
        self._at(20, lambda: cases.close_case(
            screener, Case.objects.get(pk=case.pk), reason="moved_away",
            explanation="Went home with the family; has the number of the hotline and of the provincial office."))  # fmt: skip
        return Case.objects.get(pk=case.pk)

    # --- the long path ------------------------------------------------------------------------------------

    def _refer(self, story: Story, screener: User) -> None:
        case, focal = story.case, self.world.organisations[story.focal]
        assert case is not None
        ground = None
        if story.alone:
            ground = self._at(8, lambda: grounds.record_ground(
                screener, Case.objects.get(pk=case.pk), ground="best_interests", purpose="referral_to_focal_agency",
                classes=TASK_SECTIONS["focal"], reasons="Nobody safe is with the child; the night cannot be spent here."))  # fmt: skip
        else:
            self._at(
                8, lambda: self._agree(screener, case, "referral_to_focal_agency", None, TASK_SECTIONS["focal"], story)
            )
        sent = self._at(4, lambda: referral.refer_case(
            screener, case, focal, message="Please meet the person; details in the screening.", urgent=story.risk == "high"))  # fmt: skip
        if not self._reaches(story, "acknowledged"):
            return
        manager = self.world.of(focal, "case_manager")
        self._at(140, lambda: self._second_person(manager, ground) if ground is not None else None)
        self._at(10, lambda: referral.acknowledge_referral(manager, sent))
        if self._reaches(story, "registered"):
            self._register(story, manager, sent)

    def _second_person(self, user: User, ground: Consent) -> None:
        doors.reveal(user, [ground], ["reasons"], "referral")
        grounds.confirm_ground(user, ground)

    def _register(self, story: Story, manager: User, sent: Referral) -> None:
        case = Case.objects.get(pk=sent.case_id)
        story.case = case
        self._at(90, lambda: self._register_deciding(manager, case, story))
        case.refresh_from_db()
        if story.exclude:
            self._at(5, lambda: exclusion.exclude(
                manager, case, reason="implicated", organisation=self.world.organisations[story.exclude]))  # fmt: skip
        if not self._reaches(story, "assisted"):
            return
        self._at(30, lambda: protection.give_rights_information(
            manager, case, language=story.person.languages[0], method="read_aloud",
            interpreter=story.person.languages[0] != "km", understood=True))  # fmt: skip
        self._at(40, lambda: protection.assess_risk(
            manager, case, level=story.risk, factors=[], with_person=True,
            response="Safety plan agreed with the person; phone number changed.", review_on=None))  # fmt: skip
        self._at(10, lambda: cases.write_note(
            manager, case, section="narrative", about="meeting",
            text=story.notes or "First meeting. Calm, tired, wants to call home."))  # fmt: skip
        if story.meets_needs:
            for need in Need.objects.filter(case=case, status="open").order_by("code"):
                self._serve(manager, case, need)
        if self._reaches(story, "reflecting"):
            self._reflect(story, manager, case)

    def _reflect(self, story: Story, manager: User, case: Case) -> None:
        period = self._at(20, lambda: protection.open_reflection_period(manager, case))
        if not self._reaches(story, "with_authority"):
            return
        self._time = datetime.combine(period.ends_on, self._time.timetz()) + timedelta(hours=1)
        self._at(0, lambda: protection.end_reflection_period(manager, ReflectionPeriod.objects.get(pk=period.pk)))
        authority = self.world.organisations["authority"]
        self._at(
            30, lambda: self._agree(manager, case, "identification", authority, TASK_SECTIONS["identification"], story)
        )
        sent = self._at(10, lambda: referral.send_referral(manager, case, "identification", authority))
        officer = self.world.of(authority, IDENTIFICATION_OFFICER)
        self._at(240, lambda: referral.accept_referral(officer, sent))
        if not self._reaches(story, "proposed"):
            return
        row = self._at(120, lambda: identification.open_determination(officer, Case.objects.get(pk=case.pk)))
        self._at(90, lambda: identification.propose_determination(officer, row, self._findings(story, row)))
        if self._reaches(story, "confirmed"):
            self._conclude(story, manager, row)

    def _conclude(self, story: Story, manager: User, row: Determination) -> None:
        reviewer = self.world.of(self.world.organisations["authority"], IDENTIFICATION_REVIEWER)
        self._at(300, lambda: identification.confirm_determination(reviewer, row))
        if self._reaches(story, "informed"):
            self._at(120, lambda: identification.inform_of_determination(
                manager, Determination.objects.get(pk=row.pk), language=story.person.languages[0]))  # fmt: skip
        if self._reaches(story, "review_asked"):
            self._at(60, lambda: identification.request_review(manager, Determination.objects.get(pk=row.pk)))

    # --- pieces -----------------------------------------------------------------------------------------------

    def _serve(self, sender: User, case: Case, need: Need) -> None:
        """Ask the services that can take the person, best first, until one does; else the need stays unmet."""
        fitting = [found.service for found in services_for(Case.objects.get(pk=case.pk), need.code) if found.eligible]
        for service in fitting:
            assert isinstance(service, Service)
            to = service.organisation
            self._at(6, partial(self._agree, sender, case, "service_referral", to, TASK_SECTIONS["service"]))
            placement = {
                "placement_reason": "danger_outside",
                "placement_review_on": (self._time + timedelta(days=90)).date(),
            }
            send = partial(referral.send_referral, sender, case, "service", to, service=service, need=need)
            sent = self._at(4, partial(send, **placement) if service.residential else send)
            provider = self.world.of(to, SERVICE_PROVIDER)
            if service.capacity_available != 0:
                self._at(180, partial(referral.accept_referral, provider, sent))
                return
            self._at(240, partial(referral.decline_referral, provider, sent, reason="no_free_place"))
        if CASE_MANAGER in sender.roles:
            none = "no_service_for_sex" if need.code == "shelter" else "no_service_in_area"
            reason = "all_declined" if fitting else none
            self._at(15, partial(protection.mark_need_unmet, sender, need, reason=reason))

    def _agree(
        self,
        actor: User,
        case: Case,
        purpose: str,
        to: Organisation | None,
        classes: Sequence[str],
        story: Story | None = None,
    ) -> None:
        child = Case.objects.get(pk=case.pk).is_child
        record_consent(
            actor, case, purpose=purpose, recipient=to, classes=classes,
            given_by="guardian" if child else "person", guardian_is_not_suspect=child,
            evidence="thumbprint", language=story.person.languages[0] if story else "km",
        )  # fmt: skip

    def _register_deciding(self, manager: User, case: Case, story: Story) -> None:
        who, decisions = self._identity(story), dict[UUID, str]()
        try:
            register_person(manager, case, who, decisions)
        except MatchesToDecide as found:
            first = story.decision
            for place, candidate in enumerate(found.candidates):
                decisions[candidate.person_id] = first if place == 0 else "not_same"
            register_person(manager, case, who, decisions)

    def _identity(self, story: Story) -> Identity:
        person = story.person
        year = None if person.age is None else story.begins.year - person.age
        sealed = {"family_name": person.family_name, "given_name": person.given_name, "name_km": person.name_km,
                  "mother_name": person.mother_name}  # fmt: skip
        coded: dict[str, Any] = {
            "sex": person.sex, "nationality": person.nationality, "nationality_claimed": person.nationality_claimed,
            "nationality_contested": person.nationality_contested, "languages": list(person.languages),
            "birth_year": year, "birth_year_estimated": year is not None, "has_documents": person.has_documents,
            "birth_province": person.birth_province,
        }  # fmt: skip
        return Identity(sealed={name: text for name, text in sealed.items() if text}, coded=coded)

    def _findings(self, story: Story, row: Determination) -> identification.Findings:
        identified = story.outcome == "identified"
        found = "established" if identified else "not_established"
        means = "not_required" if row.treated_as_child else found
        return identification.Findings(
            act="established" if identified else "not_established",
            means=means,
            purpose="established",
            outcome=story.outcome,
            act_reasons="Follows from her account and from how she came to the place."
            if identified
            else "Found the work herself.",
            means_reasons="Deceived about the work, held by debt and by her papers."
            if identified
            else "Free to leave, no debt.",
            purpose_reasons="Worked under conditions nobody accepts freely; others kept the gain.",
            evidence="Her account in two meetings; the screening; messages of the recruiter.",
            act_codes=list(story.screening["acts"] or ()) if identified else [],
            exploitation_forms=list(story.screening.get("forms") or ["ForcedLabour"]),
        )

    def _called(self, story: Story) -> str:
        return story.person.given_name

    def _reaches(self, story: Story, stage: str) -> bool:
        return STAGES.index(story.stage) >= STAGES.index(stage) >= LONG

    def _at(self, minutes: int, step: Callable[[], Any]) -> Any:
        """Take a step some minutes later, but never later than now."""
        self._time = min(self._time + timedelta(minutes=minutes), self.now)
        with clock.travel(self._time):
            return step()
