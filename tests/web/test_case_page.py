"""The case page: outsiders first; each role its part; sealed texts open one by one and are logged."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from spean.cases import actions as cases
from spean.cases import exclusion
from spean.cases.models import Case, Note
from spean.directory.models import Service
from spean.privacy.models import Event
from spean.protection import actions as protection
from spean.referral import actions as referral
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in

CANARY = "Canary"


def full(cast: Cast) -> Case:
    """A registered case in which everything has happened once, with a canary in every sealed text."""
    case = steps.registered(
        cast, steps.identity("Canaryfamily", "Canarygiven", address="Canaryaddress"), name="Canarystated"
    )
    protection.give_rights_information(cast.manager, case, language="km", method="read_aloud")
    protection.open_reflection_period(cast.manager, case)
    protection.assess_risk(
        cast.manager, case, level="high", factors=["threats_received"], with_person=True, response="Canaryresponse"
    )
    need = protection.record_needs(cast.manager, case, ["psychological", "legal"], urgent=["legal"])[0]
    for section in ("narrative", "whereabouts"):
        cases.write_note(cast.manager, case, section=section, about="general", text=f"Canarynote {section}")
    steps.agree(cast, case, "service_referral", cast.org("shelter"), ("identity", "narrative"))
    sent = referral.send_referral(
        cast.manager,
        case,
        "service",
        cast.org("shelter"),
        service=steps.service(cast),
        need=need,
        message="Canarymessage",
    )
    referral.accept_referral(cast.provider, sent)
    return Case.objects.get(pk=case.pk)


STRANGERS = (
    "other_manager", "registry", "outsider", "colleague", "other_provider", "officer", "reviewer", "investigator",
    "prosecutor", "return_officer", "administrator", "auditor", "statistician",
)  # fmt: skip
PAGES = (
    "case", "case_name", "case_history", "case_note", "case_exclusion", "case_reopen", "case_close", "case_reflection",
    "case_needs", "case_risk", "case_rights",
)  # fmt: skip


@pytest.mark.parametrize("who", STRANGERS)
def test_strangers_get_the_answer_of_what_does_not_exist(cast: Cast, who: str) -> None:
    case = full(cast)
    note = Note.objects.filter(case=case).first()
    assert note is not None
    client = signed_in(getattr(cast, who))
    gone = client.get("/case/00000000-0000-4000-8000-000000000000/")
    for name in PAGES:
        for answer in (client.get(reverse(name, args=[case.pk])), client.post(reverse(name, args=[case.pk]))):
            assert answer.status_code in (404, 405), name
            assert answer.status_code == 405 or answer.content == gone.content
    assert client.post(reverse("case_read", args=[case.pk, "note", note.pk])).status_code == 404


def test_an_excluded_user_of_the_focal_agency_sees_nothing(cast: Cast) -> None:
    case = full(cast)
    exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))
    client = signed_in(cast.provider)
    assert client.get(reverse("case", args=[case.pk])).status_code == 404
    assert case.code not in client.get(reverse("case_list")).content.decode()


def test_the_case_manager_sees_the_whole_case_and_no_name(cast: Cast) -> None:
    case = full(cast)
    page = signed_in(cast.manager).get(reverse("case", args=[case.pk])).content.decode()
    assert case.person is not None
    for words in (
        case.code, case.person.code, "Presumed", "Danger: High", "Day 1 of 30", "Psychological support", "Met",
        "Legal help", "River House", "Accepted", "Agreement", "Who takes part", "Who looked at this case", "Show name",
        "Find a service: Legal help", "Ask the competent authority",
    ):  # fmt: skip
        assert words in page, words
    assert CANARY not in page


def test_the_provider_sees_less_and_the_referrer_less_still(cast: Cast) -> None:
    case = full(cast)
    provider = signed_in(cast.provider).get(reverse("case", args=[case.pk])).content.decode()
    for words in ("Who takes part", "Who looked at this case", "Agreement", "What the answers suggest"):
        assert words not in provider, words
    assert "Show name" in provider  # identity was shared with this service
    assert "Where the person is" not in provider
    referrer = signed_in(cast.screener).get(reverse("case", args=[case.pk])).content.decode()
    for words in ("Show name", "Danger", "Needs", "Notes", "Reflection period", "Who takes part"):
        assert words not in referrer, words
    assert CANARY not in provider + referrer


def test_the_name_opens_with_a_purpose_in_place_and_is_logged(cast: Cast) -> None:
    case = full(cast)
    client = signed_in(cast.manager)
    address = reverse("case_name", args=[case.pk])
    assert client.post(address, {}).status_code == 422
    opened = client.post(address, {"purpose": "protection"})
    page = opened.content.decode()
    assert "Canaryfamily" in page
    assert "Canaryaddress" not in page  # where the person is has a button of its own
    assert "no-store" in opened["Cache-Control"]
    row = Event.objects.filter(action="identity.revealed").latest("id")
    assert (row.actor_id, row.purpose, row.object_id) == (cast.manager.pk, "protection", case.person_id)
    assert CANARY not in client.get(reverse("case", args=[case.pk])).content.decode()
    assert client.get(address).status_code == 302
    # The provider opens the name, and neither telephone nor address: they were not shared.
    page = signed_in(cast.provider).post(address, {"purpose": "service"}).content.decode()
    assert "Canaryfamily" in page
    assert "Canaryaddress" not in page
    assert "012345678" not in page
    assert signed_in(cast.screener).post(address, {"purpose": "casework"}).status_code == 404


def test_notes_and_responses_open_one_by_one(cast: Cast) -> None:
    case = full(cast)
    client = signed_in(cast.manager)
    where = Note.objects.get(case=case, section="whereabouts")
    page = client.post(reverse("case_read", args=[case.pk, "note", where.pk])).content.decode()
    assert "Canarynote whereabouts" in page
    assert "Canarynote narrative" not in page
    risk = case.risk_assessments.get()  # type: ignore[attr-defined]
    assert "Canaryresponse" in client.post(reverse("case_read", args=[case.pk, "risk", risk.pk])).content.decode()
    other = steps.registered(cast, steps.identity("Other", "Person", phone="099 111 222", birth_date="1990-01-02"))
    assert client.post(reverse("case_read", args=[other.pk, "note", where.pk])).status_code == 404
    assert client.post(reverse("case_read", args=[case.pk, "message", where.pk])).status_code == 404
    provider = signed_in(cast.provider)
    assert provider.post(reverse("case_read", args=[case.pk, "note", where.pk])).status_code == 404
    told = Note.objects.get(case=case, section="narrative")
    assert provider.post(reverse("case_read", args=[case.pk, "note", told.pk])).status_code == 200


def test_who_looked_and_why_is_told_without_content(cast: Cast) -> None:
    case = full(cast)
    client = signed_in(cast.manager)
    client.get(reverse("case", args=[case.pk]))
    client.post(reverse("case_name", args=[case.pk]), {"purpose": "letter"})
    page = client.get(reverse("case_history", args=[case.pk])).content.decode()
    for words in ("Identity opened", "Writing a letter", "Manager", "Case opened"):
        assert words in page, words
    assert CANARY not in page
    assert CANARY not in str(list(Event.objects.values()))


def test_next_steps_say_what_is_missing(cast: Cast) -> None:
    row = steps.acknowledged(cast)
    client = signed_in(cast.manager)
    page = client.get(reverse("case", args=[row.case_id])).content.decode()
    assert "Register the person" in page
    case = steps.registered(cast, steps.identity("Next", "Step", phone="088 111 222", birth_date="1988-05-06"))
    page = client.get(reverse("case", args=[case.pk])).content.decode()
    for words in (
        "Tell the person their rights",
        "Assess the danger",
        "Open the reflection period",
        "Record what the person needs",
    ):
        assert words in page, words
    assert "Tell the person their rights first" in page


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_the_page_asks_as_often_for_a_long_case_as_for_a_short_one(cast: Cast) -> None:
    case = full(cast)
    client = signed_in(cast.manager)
    address = reverse("case", args=[case.pk])
    client.get(address)
    few = queries(client, address)
    for number in range(4):
        cases.write_note(cast.manager, case, section="narrative", about="general", text=f"note {number}")
        protection.assess_risk(cast.manager, case, level="low", with_person=True)
        steps.agree(cast, case, "service_referral", cast.org("other_shelter"))
    protection.record_needs(cast.manager, case, ["medical", "shelter", "education", "livelihood"])
    many = queries(client, address)
    assert many <= few + 1
    assert many <= 40


def test_khmer_renders(cast: Cast) -> None:
    case = full(cast)
    Service.objects.update(name_km="ការប្រឹក្សា")
    cast.manager.language = "km"
    cast.manager.save()
    client = signed_in(cast.manager)
    for name in ("case", "case_history", "case_note", "case_exclusion", "case_needs", "case_risk", "case_rights"):
        assert '<html lang="km">' in client.get(reverse(name, args=[case.pk])).content.decode()
    page = client.get(reverse("case", args=[case.pk])).content.decode()
    assert "ការប្រឹក្សា" in page.split('id="panel-referrals"')[1].split("</section>")[0]


# --- the case manager's own forms -----------------------------------------------------------------------------


def test_a_note_is_kept_once_in_a_section_one_may_read(cast: Cast) -> None:
    case = full(cast)
    client = signed_in(cast.manager)
    address = reverse("case_note", args=[case.pk])
    before = Note.objects.count()
    refused = client.post(address, {"text": "Canarykept"})
    assert refused.status_code == 422
    assert "Canarykept" in refused.content.decode()
    data = {"section": "health", "text": "Canaryhealth", "once": "6b1c9e0a-0000-4000-8000-000000000002"}
    assert client.post(address, data).status_code == 302
    assert client.post(address, data).status_code == 302
    assert Note.objects.count() == before + 1
    # A service was given identity and narrative: it cannot write, or read, elsewhere.
    provider = signed_in(cast.provider).post(address, {"section": "whereabouts", "text": "x"})
    assert provider.status_code == 422


def test_excluding_shuts_out_at_once(cast: Cast) -> None:
    case = full(cast)
    client = signed_in(cast.manager)
    address = reverse("case_exclusion", args=[case.pk])
    assert client.post(address, {"reason": "implicated"}).status_code == 422
    own = client.post(address, {"reason": "implicated", "email": cast.manager.email})
    assert "You cannot exclude yourself" in own.content.decode()
    done = client.post(address, {"reason": "implicated", "organisation": cast.org("shelter").pk})
    assert done.status_code == 302
    assert signed_in(cast.provider).get(reverse("case", args=[case.pk])).status_code == 404
    assert "River House" in client.get(reverse("case", args=[case.pk])).content.decode()


def test_closing_waits_for_no_referral_that_was_taken_over_and_can_be_undone(cast: Cast) -> None:
    case = steps.registered(cast)
    client = signed_in(cast.manager)
    reason = "The person moved to her aunt and is safe."
    done = client.post(
        reverse("case_close", args=[case.pk]), {"reason": "other", "explanation": reason, "version": case.version}
    )
    assert done.status_code == 302, done.content.decode()
    assert Case.objects.get(pk=case.pk).status == "closed"
    short = client.post(reverse("case_reopen", args=[case.pk]), {"explanation": "why"})
    assert short.status_code == 422
    again = client.post(reverse("case_reopen", args=[case.pk]), {"explanation": "She came back and asks for help."})
    assert again.status_code == 302
    assert Case.objects.get(pk=case.pk).status == "registered"
