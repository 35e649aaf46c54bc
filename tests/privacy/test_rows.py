"""The second wall: with the policy's question forgotten, the database still shows no row of another agency's case.

Every question here is asked without the policy, as a mistaken view would ask it.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from spean.access.models import User
from spean.cases.models import Case
from spean.people.models import Person
from spean.privacy import codes, rows
from spean.protection.models import Need
from spean.run import databases, dump, install
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "keys"])


@pytest.fixture
def wall(transactional_db: None) -> Iterator[None]:
    """Row security on, as `SPEAN_ROW_SECURITY=1 spean migrate` puts it, and this process without leave to see all."""
    with databases.as_owner():
        install.fence(on=True)
    yield
    with databases.as_owner():
        install.fence(on=False)


@pytest.fixture
def case(cast: Cast, search: object) -> Case:
    """A registered person's case in the focal agency, before the wall goes up."""
    return steps.registered(cast)


def _see(user: Any, ask: Any) -> Any:
    """The answer that a request of this user gets."""
    request = HttpRequest()
    request.user = user
    kept = []

    def view(request: HttpRequest) -> HttpResponse:
        kept.append(ask())
        return HttpResponse()

    rows.OwnRows(view)(request)
    return kept[0]


def _everything() -> tuple[int, int]:
    return Case.objects.count(), Person.objects.count()


def test_without_a_setting_there_are_no_rows(case: Case, wall: None) -> None:
    assert _everything() == (0, 0)
    for table in rows.conditions():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
            assert cursor.fetchone() == (0,), table


def test_a_forgotten_question_to_the_policy_shows_nothing_foreign(cast: Cast, case: Case, wall: None) -> None:
    assert _see(cast.manager, _everything) == (1, 1)
    assert _see(cast.screener, _everything) == (1, 1)
    for name in ("outsider", "other_manager", "provider", "other_provider", "officer", "operator", "administrator"):
        assert _see(getattr(cast, name), _everything) == (0, 0), name


def test_who_oversees_sees_codes_and_no_content(cast: Cast, case: Case, wall: None) -> None:
    for name in ("auditor", "registry"):
        assert _see(getattr(cast, name), _everything) == (1, 1), name
        for label in rows.BEHIND:
            model = rows.apps.get_model(label)
            assert _see(getattr(cast, name), model._default_manager.count) == 0, (name, label)


def test_nobody_who_is_not_signed_in_or_not_active_sees_rows(cast: Cast, case: Case, wall: None) -> None:
    from django.contrib.auth.models import AnonymousUser

    assert _see(AnonymousUser(), _everything) == (0, 0)
    gone = User.objects.get(pk=cast.manager.pk)
    gone.is_active = False
    assert _see(gone, _everything) == (0, 0)


def test_what_hangs_on_a_case_goes_with_it(cast: Cast, case: Case, wall: None) -> None:
    from spean.detection.models import Screening
    from spean.privacy.models import Consent

    for model in (Screening, Consent):
        assert _see(cast.manager, model.objects.count) > 0
        assert _see(cast.other_manager, model.objects.count) == 0


def test_nothing_is_left_for_the_next_request_on_the_same_connection(cast: Cast, case: Case, wall: None) -> None:
    """The leak of a pooled connection: each request and each statement begins with nothing."""
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    for _ in range(3):
        assert _see(cast.manager, _everything) == (1, 1)
        assert _everything() == (0, 0)
        assert _see(cast.outsider, _everything) == (0, 0)

    def broken() -> None:
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    def abandoned() -> None:
        with transaction.atomic():
            assert _everything() == (1, 1)
            transaction.set_rollback(True)

    for accident in (broken, abandoned):
        _see(cast.manager, accident)
        assert _everything() == (0, 0)
        assert _see(cast.outsider, _everything) == (0, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('spean.mine', true), current_setting('spean.scope', true)")
        assert set(cursor.fetchone()) <= {"", None}
    assert connection.connection.info.backend_pid == backend


def test_a_foreign_row_cannot_be_written_either(cast: Cast, case: Case, wall: None) -> None:
    def change() -> int:
        return Case.objects.filter(pk=case.pk).update(age_at_screening=30)

    def add() -> None:
        with transaction.atomic():
            Need.objects.create(case_id=case.pk, code="shelter", recorded_by=cast.outsider)

    assert _see(cast.outsider, change) == 0
    with pytest.raises(DatabaseError, match="row-level security"):
        _see(cast.outsider, add)
    assert _see(cast.manager, change) == 1


def test_a_line_of_a_list_becomes_a_case_of_its_keepers_and_nobody_elses(cast: Cast, wall: None) -> None:
    from spean.lists import to_case
    from spean.lists.models import ListRow
    from tests.lists.files import AGREED, agreeing, as_csv, begun, sent
    from tests.lists.files import rows as lines

    sent(cast.provider, begun(cast.provider), as_csv(lines(agreeing(), heading=AGREED)))
    row = ListRow.objects.get()
    _see(cast.provider, lambda: to_case.begin_from_row(cast.provider, row))
    assert ListRow.objects.get().case_id is not None
    assert _see(cast.provider, Case.objects.count) == 1
    assert _see(cast.other_provider, Case.objects.count) == 0


def test_the_owner_of_the_tables_meets_the_wall_too(case: Case, wall: None) -> None:
    with databases.as_owner():
        assert _everything() == (0, 0)


def test_every_kind_of_statement_carries_the_setting(cast: Cast, case: Case, wall: None) -> None:
    def ask() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM cases_case WHERE code = %s", [case.code])
            plain = cursor.fetchone()[0]
            cursor.execute("SELECT count(*) FROM cases_case")
            without_parameters = cursor.fetchone()[0]
        with transaction.atomic():
            locked = Case.objects.select_for_update().get(pk=case.pk).pk
            streamed = [one.pk for one in Case.objects.iterator(chunk_size=10)]
            with connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE cases_case SET age_at_screening = %s WHERE id = %s", [(20, case.pk), (21, case.pk)]
                )
                changed = cursor.rowcount
        with transaction.atomic(), transaction.atomic():
            nested = Case.objects.count()
        return [plain, without_parameters, locked, streamed, changed, nested]

    assert _see(cast.manager, ask) == [1, 1, case.pk, [case.pk], 2, 1]


def test_a_named_exception_ends_where_it_ends(cast: Cast, case: Case, wall: None) -> None:
    def ask() -> list[tuple[int, int]]:
        seen = [_everything()]
        with rows.everybody("looked at by this test"):
            seen.append(_everything())
        seen.append(_everything())
        with transaction.atomic():
            with rows.everybody("looked at by this test"):
                seen.append(_everything())
            with connection.cursor() as cursor:  # as it is left for a statement that carries nothing
                cursor.execute("SELECT current_setting('spean.scope', true)")
                assert cursor.fetchone() != ("all",)
        return seen

    assert _see(cast.outsider, ask) == [(0, 0), (1, 1), (0, 0), (1, 1)]
    with rows.everybody("outside of a request it opens nothing"):
        assert _everything() == (0, 0)


def _leaky(request: HttpRequest) -> HttpResponse:
    """A view that forgot the policy."""
    return HttpResponse(",".join(Case.objects.values_list("code", flat=True)))


urlpatterns = [path("leaky/", _leaky)]


def test_in_the_real_chain_a_leaky_view_shows_nothing(cast: Cast, case: Case, wall: None, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "spean.privacy.rows.OwnRows"]
    clients = {name: signed_in(getattr(cast, name)) for name in ("manager", "outsider")}
    with override_settings(ROOT_URLCONF=__name__):
        assert clients["manager"].get("/leaky/").content.decode() == case.code
        assert clients["outsider"].get("/leaky/").content == b""


def test_processes_without_requests_see_all_and_say_so_at_the_start(
    case: Case, wall: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {**connection.settings_dict["OPTIONS"]})
    from django.db import connections

    monkeypatch.setitem(connections.settings["default"], "OPTIONS", {**connections.settings["default"]["OPTIONS"]})
    databases.see_all_rows()
    assert _everything() == (1, 1)
    connection.close()


def test_a_backup_holds_the_rows_behind_the_wall(case: Case, wall: None, tmp_path: Path) -> None:
    with databases.as_owner():
        place = dict(connection.settings_dict)
    place["OPTIONS"] = {**place["OPTIONS"], "options": "-c spean.scope=all"}
    with dump.snapshot(place) as (snapshot, name):
        assert dump.counts(snapshot)["cases_case"] == 1
        with dump.dumping(place, name) as stream:
            (tmp_path / "dump").write_bytes(stream.read())
    for table in ("cases_case", "people_person", "detection_screening"):
        command = [dump.program("pg_restore"), "--data-only", f"--table={table}", "--file=-", str(tmp_path / "dump")]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert listed.split("FROM stdin;\n")[1].split("\\.\n")[0].count("\n") == 1, table


def test_taking_it_down_leaves_nothing_of_it(case: Case, wall: None) -> None:
    assert rows.stands(connection)
    assert install.is_fenced_otherwise()
    with databases.as_owner():
        install.fence(on=True)  # twice
        install.fence(on=False)
        install.fence(on=False)
    assert not rows.stands(connection)
    assert not install.is_fenced_otherwise()
    assert _everything() == (1, 1)


def test_every_table_with_sealed_text_of_a_case_is_behind_the_wall() -> None:
    """A new table has to be put behind it, or be named here with the reason why not."""
    from spean.privacy.fields import sealed_fields

    outside = {
        # Locks of their own: a shelter's, a caller's, an operation's; time-locked, not tied to a case's agencies.
        "directory.Service", "directory.ShelterLocation", "detection.Informant", "cases.OperationalFact",
        "privacy.Canary",
        # Of no case: a key of the program, and what a phone sent that could not become one.
        "exchange.FormKey", "exchange.Quarantined",
        # The list of a bus, and the lists of partners, each with a policy of its own. A line is its keeper's, also where
        # a case was begun from it: whoever works on the case has nothing to do with the line.
        "detection.Arrival", "lists.PartnerList", "lists.ListRow",
        # The wall stands on them, or they are read by who is not in the case yet and has to decide.
        "privacy.EmergencyAccess", "cases.HandOver", "cases.Conference", "cases.Invitation", "cases.Exclusion",
        "cases.Reason",
    }  # fmt: skip
    behind = {"cases.Case", "people.Person", "people.PossibleMatch", "referral.Referral", *rows.BEHIND}
    sealed = {model._meta.label for model in rows.apps.get_models() if sealed_fields(model)}
    assert sealed - outside - behind == set()


def test_a_new_code_is_nobodys_also_behind_the_wall(
    cast: Cast, case: Case, wall: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = iter([case.code, "C-0000-0000"])
    monkeypatch.setattr(codes, "new_code", lambda prefix: next(draws))
    assert _see(cast.outsider, lambda: codes.unused_code("C", Case)) == "C-0000-0000"
