"""The search process on a real database: current, private, and honest when it is down."""

import contextlib
import json
import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from spean.people import search
from spean.people.matching import Details
from spean.people.models import Person
from spean.people.search_server import CannotStart, Searcher, prepare_place
from spean.privacy import vault
from tests.cast import Cast, make_cast
from tests.searching import SearchProcess, register, search_beside

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

DARA = Details(
    family_name="Canarysok", given_name="Dara", name_km="សុខ ដារ៉ា", sex="female", birth_date="1999-07-03",
    birth_year=1999, nationality="KHM", phone="012 345 678", mother_name="Chan Bopha",
)  # fmt: skip
TWIN = Details(family_name="Canarisokh", given_name="Daraa", sex="female", birth_year=1999, birth_date="1999-07-03")


@pytest.fixture
def socket_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "in" / "search.sock"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


class TestBesideTheTest:
    """Questions over the real socket, rows not yet committed."""

    @pytest.fixture
    def searcher(self, cast: Cast, socket_path: Path) -> Iterator[Searcher]:
        socket_path.parent.mkdir(mode=0o700)
        with search_beside(socket_path) as searcher:
            yield searcher

    def test_a_person_registered_a_moment_ago_is_found(self, cast: Cast, searcher: Searcher) -> None:
        person = register(cast.manager, DARA)
        (found,) = search.find_candidates(TWIN)
        assert found.person_id == person.pk
        assert found.score > 0.8
        assert set(found.reasons) >= {"same_name_sound", "same_birth_date"}
        for text in ["dara canarysok", "សុខ ដារ៉ា", person.code.lower(), "+855 12 345 678"]:
            assert [one.person_id for one in search.find_persons(text)] == [person.pk]

    def test_a_corrected_name_replaces_the_old_one(self, cast: Cast, searcher: Searcher) -> None:
        person = register(cast.manager, DARA)
        search.find_persons("Canarysok")
        vault.seal_fields(person, family_name="Otherfamily", given_name="Vuthy", name_km="")
        person.save()
        assert [one.person_id for one in search.find_persons("Vuthy Otherfamily")] == [person.pk]
        assert search.find_persons("Canarysok") == []

    def test_an_erased_person_is_never_answered_again(self, cast: Cast, searcher: Searcher) -> None:
        person = register(cast.manager, DARA)
        assert search.find_persons("Canarysok Dara")
        vault.destroy_key(person.subject)
        assert search.find_persons("Canarysok Dara") == []
        assert len(searcher.index) == 0

    def test_an_erased_person_leaves_memory_although_nobody_asks(self, cast: Cast, searcher: Searcher) -> None:
        person = register(cast.manager, DARA)
        assert search.status()["persons"] == 1
        vault.destroy_key(person.subject)
        searcher._thread.submit(searcher.feed.sweep).result()
        assert len(searcher.index) == 0

    def test_a_deleted_row_is_forgotten(self, cast: Cast, searcher: Searcher) -> None:
        person = register(cast.manager, DARA)
        assert search.status()["persons"] == 1
        Person.objects.filter(pk=person.pk).delete()
        assert search.find_persons("Canarysok Dara") == []
        other = register(cast.manager, DARA)
        assert search.status()["persons"] == 1
        Person.objects.filter(pk=other.pk).delete()
        searcher._thread.submit(searcher.feed.sweep_deleted).result()
        assert len(searcher.index) == 0

    def test_two_files_of_one_person_answer_as_one(self, cast: Cast, searcher: Searcher) -> None:
        first, second = register(cast.manager, DARA), register(cast.manager, TWIN)
        assert len(search.find_candidates(DARA)) == 2
        Person.objects.filter(pk=second.pk).update(same_as=first)
        assert [one.person_id for one in search.find_candidates(DARA)] == [first.pk]
        Person.objects.filter(pk=second.pk).update(same_as=None)
        assert len(search.find_candidates(DARA)) == 2

    def test_one_damaged_row_hides_nobody_else(self, cast: Cast, searcher: Searcher) -> None:
        damaged, person = register(cast.manager, DARA), register(cast.manager, DARA)
        Person.objects.filter(pk=damaged.pk).update(given_name=person.given_name)
        assert [one.person_id for one in search.find_persons("Canarysok Dara")] == [person.pk]
        assert search.status()["unreadable"] == 1

    def test_answers_hold_no_names(self, cast: Cast, searcher: Searcher, socket_path: Path) -> None:
        register(cast.manager, DARA)
        answer = ask(socket_path, json.dumps({"ask": "persons", "text": "Dara"}).encode() + b"\n")
        assert json.loads(answer)["ok"]
        for name in (b"canary", b"dara", "សុខ".encode(), b"bopha", b"345678"):
            assert name not in answer.lower()

    @pytest.mark.parametrize(
        "message",
        [
            b"\n",
            b"not json\n",
            b"[]\n",
            b'{"ask": "everything"}\n',
            b'{"ask": "persons"}\n',
            b'{"ask": "persons", "text": 3}\n',
            b'{"ask": "persons", "text": "a", "limit": 100000}\n',
            b'{"ask": "persons", "text": "a", "limit": true}\n',
            b'{"ask": "candidates", "details": {"shoe_size": 3}}\n',
            b'{"ask": "candidates", "details": {"birth_year": "1999"}}\n',
            b'{"ask": "candidates", "details": {"other_names": "x"}}\n',
            b'{"ask": "candidates", "details": {"family_name": "' + b"a" * 1000 + b'"}}\n',
            b"[" * 60_000 + b"\n",
            b"\xff\xfe\n",
            b"a" * 200_000 + b"\n",
        ],
    )
    def test_broken_and_oversized_messages_are_refused(
        self, searcher: Searcher, socket_path: Path, message: bytes
    ) -> None:
        assert json.loads(ask(socket_path, message)) == {"ok": False, "fault": "bad_question"}
        assert search.status()["ok"]

    def test_only_the_owner_may_reach_the_socket(self, searcher: Searcher, socket_path: Path) -> None:
        assert stat.S_IMODE(socket_path.stat().st_mode) == 0o600


def ask(path: Path, message: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(30)
        line.connect(str(path))
        with contextlib.suppress(OSError):
            line.sendall(message)
        with line.makefile("rb") as answer:
            return answer.readline()


class TestThePlace:
    def test_the_directory_is_made_for_the_owner_alone(self, socket_path: Path) -> None:
        prepare_place(socket_path)
        assert stat.S_IMODE(socket_path.parent.stat().st_mode) == 0o700

    def test_a_directory_others_may_write_in_is_refused(self, socket_path: Path) -> None:
        socket_path.parent.mkdir()
        socket_path.parent.chmod(0o777)
        with pytest.raises(CannotStart):
            prepare_place(socket_path)

    def test_something_else_in_the_way_is_left_alone(self, socket_path: Path) -> None:
        prepare_place(socket_path)
        socket_path.write_text("mine")
        with pytest.raises(CannotStart):
            prepare_place(socket_path)
        assert socket_path.read_text() == "mine"

    def test_a_socket_left_by_a_killed_process_is_removed(self, socket_path: Path) -> None:
        prepare_place(socket_path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
            left.bind(str(socket_path))
        prepare_place(socket_path)
        assert not socket_path.exists()


def test_without_the_process_nobody_is_told_that_nobody_was_found(socket_path: Path) -> None:
    before, settings.SPEAN_SEARCH_SOCKET = settings.SPEAN_SEARCH_SOCKET, socket_path
    try:
        for question in (lambda: search.find_candidates(DARA), lambda: search.find_persons("Dara"), search.status):
            with pytest.raises(search.SearchUnavailable) as refusal:
                question()
            assert "Dara" not in str(refusal.value)
    finally:
        settings.SPEAN_SEARCH_SOCKET = before


def canaries_in(*directories: Path) -> list[str]:
    found = []
    names = [name.encode() for name in ("canarysok", "canarisok", "ដារ៉ា")]
    for directory in directories:
        for folder, _, files in os.walk(directory):  # the database makes and drops files meanwhile
            for file in files:
                try:
                    content = Path(folder, file).read_bytes().lower()
                except OSError:
                    continue
                if any(name in content for name in names):
                    found.append(f"{folder}/{file}")
    return found


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
class TestProcess:
    """The process as it runs in earnest: started, asked, killed, started again."""

    @pytest.fixture
    def process(self, socket_path: Path) -> Iterator[SearchProcess]:
        before, settings.SPEAN_SEARCH_SOCKET = settings.SPEAN_SEARCH_SOCKET, socket_path
        process = SearchProcess(socket_path)
        yield process
        settings.SPEAN_SEARCH_SOCKET = before
        if process.process is not None and process.process.poll() is None:
            process.stop(signal.SIGKILL)

    def test_start_ask_kill_and_start_again(self, process: SearchProcess, socket_path: Path) -> None:
        cast = make_cast()
        early = register(cast.manager, DARA)
        process.start()
        assert "1 persons" in process.wait_ready()
        assert [one.person_id for one in search.find_candidates(TWIN)] == [early.pk]
        assert stat.S_IMODE(socket_path.stat().st_mode) == 0o600
        assert stat.S_IMODE(socket_path.parent.stat().st_mode) == 0o700

        late = register(cast.manager, TWIN)
        assert {one.person_id for one in search.find_candidates(TWIN)} == {early.pk, late.pk}

        # What is not committed is nobody's business yet, and not lost when it is.
        with transaction.atomic():
            slow = register(cast.manager, TWIN)
            assert process_sees(slow) is False
        assert process_sees(slow) is True

        assert canaries_in(socket_path.parent, Path(settings.STATE)) == []
        control = socket_path.parent / "control"
        control.write_text("a name: CanarySok")
        assert canaries_in(socket_path.parent) == [str(control)]
        process.stop(signal.SIGKILL)
        with pytest.raises(search.SearchUnavailable):
            search.find_candidates(TWIN)

        process.start()
        assert "3 persons" in process.wait_ready()
        assert len(search.find_candidates(TWIN)) == 3
        said = process.stop()
        assert said.strip() == "Search stopped."
        assert not socket_path.exists()
        with pytest.raises(search.SearchUnavailable):
            search.find_persons("Dara")

    def test_a_commit_that_comes_late_is_not_overtaken(self, process: SearchProcess) -> None:
        """Two transactions: the one that began first commits last. A feed by time would miss it."""
        import threading

        cast = make_cast()
        process.start()
        process.wait_ready()
        begun, go_on = threading.Event(), threading.Event()
        made: list[Person] = []

        def slowly() -> None:
            from django.db import connections

            try:
                with transaction.atomic():
                    made.append(register(cast.manager, DARA))
                    begun.set()
                    go_on.wait()
            finally:
                connections.close_all()

        thread = threading.Thread(target=slowly)
        thread.start()
        begun.wait()
        register(cast.manager, TWIN)
        assert len(search.find_candidates(TWIN)) == 1
        go_on.set()
        thread.join()
        assert made[0].pk in {one.person_id for one in search.find_candidates(TWIN)}
        process.stop()

    def test_a_second_process_does_not_push_out_the_first(self, process: SearchProcess, socket_path: Path) -> None:
        make_cast()
        process.start()
        process.wait_ready()
        second = SearchProcess(socket_path)
        second.start()
        assert second.process is not None
        said, _ = second.process.communicate()
        assert second.process.returncode == 1
        assert "already running" in said
        assert search.status()["ok"]
        process.stop()

    @pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")
    def test_memory_is_not_dumped(self, process: SearchProcess) -> None:
        make_cast()
        process.start()
        process.wait_ready()
        assert process.process is not None
        limits = Path(f"/proc/{process.process.pid}/limits").read_text()
        line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert line.split()[4:6] == ["0", "0"]
        process.stop()


def process_sees(person: Person) -> bool:
    return person.pk in {one.person_id for one in search.find_candidates(TWIN)}
