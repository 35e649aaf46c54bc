"""The verbs of an export: what leaves is within what may leave, nobody else makes one, and each leaves a trace."""

import csv
import io
from datetime import timedelta
from typing import Any

import pyrage
import pytest
from django.db import DatabaseError, transaction

from spean.access import policy
from spean.cases.exclusion import exclude
from spean.cases.models import Involvement
from spean.exchange import actions
from spean.exchange.columns import COLUMNS as EVERY
from spean.exchange.models import Export, ExportedRow
from spean.lib import clock
from spean.privacy.models import Event, ShareReceipt
from spean.workflow.engine import Forbidden, Refused, WrongState
from tests.cast import PEOPLE, Cast
from tests.exchange.lists import COLUMNS, PRIVATE, PUBLIC, PURPOSE, agreed, asked, colleague, registered
from tests.steps import FULL

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def opened(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(pyrage.decrypt(file, [PRIVATE]).decode("utf-8-sig"))))


def events(action: str) -> Any:
    return Event.objects.filter(action=action).order_by("id")


def real(lines: list[dict[str, str]], export: Export) -> dict[str, dict[str, str]]:
    return {line["case"]: line for line in lines if line["case"] != export.canary_code}


class TestOutsiders:
    @pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"manager", "other_manager", "registry"}))
    def test_no_other_role_asks(self, cast: Cast, name: str) -> None:
        user = getattr(cast, name)
        assert not policy.may(user, "request_export")
        with pytest.raises(Forbidden):
            actions.request_export(
                user, cases=registered(cast), recipient=cast.org("court"), recipient_key=PUBLIC, purpose=PURPOSE,
                names=COLUMNS,
            )  # fmt: skip

    @pytest.mark.parametrize("name", ["other_manager", "registry"])
    def test_not_of_another_agencys_cases(self, cast: Cast, name: str) -> None:
        with pytest.raises(Refused, match="your agency is responsible"):
            asked(cast, registered(cast), actor=getattr(cast, name))
        assert not Export.objects.exists()

    def test_nobody_makes_what_another_asked_for(self, cast: Cast) -> None:
        export = asked(cast, registered(cast))
        for user in (colleague(cast), cast.other_manager, cast.registry, cast.auditor, cast.administrator):
            with pytest.raises(Forbidden):
                actions.make_export(user, export)

    def test_who_reads_in_an_emergency_exports_nothing(self, cast: Cast) -> None:
        """Whatever lets somebody see a case for some hours, only the agency that answers for it exports."""
        (case,) = registered(cast)
        for task in ("screening", "service", "identification", "justice", "return", "referrer"):
            Involvement.objects.create(
                case=case, organisation=cast.org("other_focal"), task=task, sections=list(FULL), basis="test"
            )
        assert not policy.may(cast.again("other_manager"), "export_case", case)
        relations = {rule.relation for rule in policy.ACTIONS["export_case"]}
        assert relations == {"focal"}

    def test_an_excluded_user_gets_less_and_is_not_told(self, cast: Cast) -> None:
        first, second = registered(cast, 2)
        for case in (first, second):
            agreed(cast, case)
        export = asked(cast, [first, second])
        exclude(colleague(cast), first, reason="implicated", user=cast.manager)
        lines = real(opened(actions.make_export(cast.manager, export)), export)
        assert set(lines) == {second.code}


class TestWhatLeaves:
    def test_what_each_agreed_to_and_no_more(self, cast: Cast) -> None:
        everything, some, other_purpose, withdrawn, nothing = registered(cast, 5)
        agreed(cast, everything)
        agreed(cast, some, ["contact"])
        agreed(cast, other_purpose, purpose="research")
        row = agreed(cast, withdrawn)
        row.status, row.withdrawn_at, row.withdrawn_by = "withdrawn", clock.now(), cast.manager
        row.save()
        export = asked(cast, [everything, some, other_purpose, withdrawn, nothing])
        lines = real(opened(actions.make_export(cast.manager, export)), export)
        assert set(lines) == {everything.code, some.code}
        assert lines[everything.code]["family_name"] == "Family0"
        assert lines[everything.code]["sex"] == "female"
        assert lines[some.code]["phone"] == "'+85512340001"
        assert {lines[some.code][name] for name in COLUMNS if name != "phone"} == {""}

    @pytest.mark.parametrize("classes", [["identity"], ["contact", "whereabouts"], ["narrative", "health"], list(FULL)])
    def test_sent_is_within_consented(self, cast: Cast, classes: list[str]) -> None:
        (case,) = registered(cast)
        agreed(cast, case, classes)
        export = asked(cast, [case], list(EVERY))
        line = real(opened(actions.make_export(cast.manager, export)), export)[case.code]
        assert {EVERY[name].section for name in EVERY if line[name]} <= set(classes)
        row = ExportedRow.objects.get(export=export)
        assert set(row.classes) == set(row.receipt.shared) <= set(classes)

    def test_a_withdrawal_counts_though_it_came_after_the_approval(self, cast: Cast) -> None:
        (case,) = registered(cast)
        row = agreed(cast, case)
        export = asked(cast, [case])
        row.status, row.withdrawn_at, row.withdrawn_by = "withdrawn", clock.now(), cast.manager
        row.save()
        with pytest.raises(Refused, match="Nobody on this list agreed"):
            actions.make_export(cast.manager, export)
        export.refresh_from_db()
        assert export.status == "requested"
        assert not ShareReceipt.objects.exists()

    def test_each_person_has_a_row_in_the_log_for_opening_and_for_passing_on(self, cast: Cast) -> None:
        cases = registered(cast, 3)
        for case in cases:
            agreed(cast, case)
        export = asked(cast, cases)
        actions.make_export(cast.manager, export)
        opened_rows = events("identity.revealed")
        assert {row.object_id for row in opened_rows} == {case.person_id for case in cases}
        assert {row.purpose for row in opened_rows} == {"export"}
        shared = events("information.shared")
        assert {row.case_id for row in shared} == {case.pk for case in cases}
        assert all(row.facts["recipient"] == str(cast.org("embassy").pk) for row in shared)
        last = events("export.made").get()
        assert (last.facts["number"], last.facts["rows"]) == (export.number, 3)

    def test_what_was_not_chosen_is_not_opened(self, cast: Cast) -> None:
        (case,) = registered(cast)
        agreed(cast, case)
        export = asked(cast, [case], ["sex", "family_name"])
        actions.make_export(cast.manager, export)
        assert events("identity.revealed").get().fields == ["family_name"]

    def test_only_the_recipient_opens_it(self, cast: Cast) -> None:
        (case,) = registered(cast)
        agreed(cast, case)
        file = actions.make_export(cast.manager, asked(cast, [case]))
        assert b"Family0" not in file
        with pytest.raises(pyrage.DecryptError):
            pyrage.decrypt(file, [pyrage.x25519.Identity.generate()])

    def test_one_invented_person_is_in_it(self, cast: Cast) -> None:
        (case,) = registered(cast)
        agreed(cast, case)
        export = asked(cast, [case])
        lines = [line for line in opened(actions.make_export(cast.manager, export)) if line["case"] != case.code]
        assert [line["case"] for line in lines] == [export.canary_code]
        assert lines[0]["family_name"] == export.canary_family_name != ""
        assert lines[0]["sex"] == "female"
        assert lines[0]["phone"] == lines[0]["address"] == ""


class TestHowItIsMade:
    def test_once(self, cast: Cast) -> None:
        (case,) = registered(cast)
        agreed(cast, case)
        export = asked(cast, [case])
        actions.make_export(cast.manager, export)
        with pytest.raises(WrongState):
            actions.make_export(cast.manager, export)

    def test_above_twenty_persons_a_second_one_approves(self, cast: Cast) -> None:
        cases = registered(cast, 21)
        for case in cases:
            agreed(cast, case)
        export = asked(cast, cases, ["sex"])
        with pytest.raises(Refused, match="a second person has to approve"):
            actions.make_export(cast.manager, export)
        for user in (cast.manager, cast.other_manager, cast.registry, cast.auditor):
            with pytest.raises(Forbidden):
                actions.approve_export(user, export)
        actions.approve_export(colleague(cast), export)
        assert len(opened(actions.make_export(cast.manager, export))) == 22

    def test_nobody_approves_his_own_in_the_database_either(self, cast: Cast) -> None:
        export = asked(cast, registered(cast))
        with pytest.raises(DatabaseError), transaction.atomic():
            Export.objects.filter(pk=export.pk).update(
                status="approved", decided_at=clock.now(), decided_by=cast.manager
            )
        for field, value in (("recipient_key", "age1other"), ("columns", ["phone"]), ("persons", 1000)):
            with pytest.raises(DatabaseError), transaction.atomic():
                Export.objects.filter(pk=export.pk).update(**{field: value})

    def test_after_three_days_it_is_asked_anew(self, cast: Cast) -> None:
        (case,) = registered(cast)
        agreed(cast, case)
        export = asked(cast, [case])
        with (
            clock.travel(clock.now() + actions.LASTS + timedelta(minutes=1)),
            pytest.raises(Refused, match="three days"),
        ):
            actions.make_export(cast.manager, export)

    def test_rejected_or_taken_back_it_is_not_made(self, cast: Cast) -> None:
        cases = registered(cast)
        rejected, withdrawn = asked(cast, cases), asked(cast, cases)
        actions.reject_export(colleague(cast), rejected)
        actions.withdraw_export(cast.manager, withdrawn)
        for export in (rejected, withdrawn):
            with pytest.raises(WrongState):
                actions.make_export(cast.manager, export)
        assert [row.action for row in Event.objects.order_by("id")][-2:] == ["export.rejected", "export.withdrawn"]

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"names": []}, "what the list should hold"),
            ({"names": ["sex", "password"]}, "what the list should hold"),
            ({"cases": []}, "your agency is responsible"),
            ({"recipient_key": "age1nonsense"}, "not a public key"),
        ],
    )
    def test_what_is_incomplete_is_refused(self, cast: Cast, given: dict[str, Any], message: str) -> None:
        facts = {"cases": registered(cast), "recipient": cast.org("embassy"), "recipient_key": PUBLIC,
                 "purpose": PURPOSE, "names": ["sex"]}  # fmt: skip
        if given.get("cases") == []:
            with pytest.raises((Refused, DatabaseError), match=message):
                actions.request_export(cast.manager, **{**facts, **given})
        else:
            with pytest.raises(Refused, match=message):
                actions.request_export(cast.manager, **{**facts, **given})
        assert not Export.objects.exists()


class TestTracing:
    def test_a_leaked_piece_leads_to_its_export(self, cast: Cast) -> None:
        cases = registered(cast, 12)
        for case in cases:
            agreed(cast, case)
        exports = [asked(cast, cases, ["sex"]) for _ in range(3)]
        files = [opened(actions.make_export(cast.manager, export)) for export in exports]
        leaked = [line["case"] for line in files[1] if line["case"] != exports[1].canary_code]
        found = actions.trace_export(cast.auditor, "\n".join(leaked))
        assert [(export.number, mark) for export, mark in found] == [(exports[1].number, "order")]
        assert actions.trace_export(cast.auditor, "\n".join(sorted(leaked))) == []
        assert events("export.traced").filter(actor_id=cast.auditor.pk).count() == 2
        found = actions.trace_export(None, f"someone, {exports[2].canary_code}")
        assert [(export.number, mark) for export, mark in found] == [(exports[2].number, "canary")]
