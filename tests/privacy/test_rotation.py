"""Changing the key-encryption key: everybody stays readable at every moment, and at the end without the old key."""

from pathlib import Path
from uuid import uuid4

import pytest

from spean.cases.models import Case
from spean.people.models import Person
from spean.privacy import crypto, rotation, vault
from spean.privacy.keyvault.models import DataKey
from spean.privacy.models import Event
from tests.privacy.conftest import make_case

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def name_of(case: Case) -> str | None:
    person = Person.objects.get(pk=case.person_id)
    label = vault.label_of(Person, "family_name")
    (opened,) = vault.open_sealed([vault.Sealed(person.subject, label, person.pk, person.family_name)])
    return opened.text


@pytest.fixture
def cases(cast) -> list[Case]:
    return [make_case(cast) for _ in range(7)]


@pytest.fixture
def new_key(cases, settings, tmp_path: Path) -> Path:
    """The operator put a new key's file in place, and named the old one as earlier."""
    old = settings.SPEAN_KEK_FILE
    settings.SPEAN_KEK_FILE = tmp_path / "kek-new"
    crypto.create_key_file(settings.SPEAN_KEK_FILE)
    settings.SPEAN_EARLIER_KEK_FILES = [old]
    return old


def kek_ids() -> set[str]:
    return set(DataKey.objects.filter(wrapped__isnull=False).values_list("kek_id", flat=True))


def current(settings) -> str:
    return crypto.key_id(crypto.load_key_file(settings.SPEAN_KEK_FILE))


def events() -> list[str]:
    return list(Event.objects.filter(action__startswith="keys.").order_by("id").values_list("action", flat=True))


def test_moves_every_key_and_the_old_one_is_no_longer_needed(cases, new_key, settings) -> None:
    said: list[str] = []
    assert rotation.rotate(said.append, batch=3) == 0
    assert kek_ids() == {current(settings)}
    settings.SPEAN_EARLIER_KEK_FILES = []
    assert {name_of(case) for case in cases} == {"Canaryfamily"}
    assert "3 of 7 data keys (42 %)" in said
    assert "7 of 7 data keys (100 %)" in said
    assert events() == ["keys.rotation_started", "keys.rotation_finished"]


def test_broken_off_after_a_batch_everybody_opens_and_it_goes_on(cases, new_key, settings) -> None:
    def stop(line: str) -> None:
        if line.startswith("3 of"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(stop, batch=3)
    assert len(kek_ids()) == 2
    assert {name_of(case) for case in cases} == {"Canaryfamily"}
    found = rotation.progress()
    assert (found.done, found.left, found.lost, found.percent) == (3, 4, 0, 42)
    said: list[str] = []
    assert rotation.rotate(said.append, batch=3) == 0
    assert said[0].startswith("4 data keys to move")
    assert kek_ids() == {current(settings)}
    # Going on is no second beginning in the log.
    assert events() == ["keys.rotation_started", "keys.rotation_finished"]


def test_broken_off_within_a_batch_leaves_that_batch_as_it_was(cases, new_key, monkeypatch) -> None:
    real, calls = crypto.wrap, []

    def power_cut(kek: bytes, data_key: bytes, *, subject) -> bytes:
        calls.append(subject)
        if len(calls) == 2:
            raise OSError("power")
        return real(kek, data_key, subject=subject)

    before = dict(DataKey.objects.values_list("subject", "wrapped"))
    with monkeypatch.context() as patch:
        patch.setattr(crypto, "wrap", power_cut)
        with pytest.raises(OSError, match="power"):
            rotation.rotate(lambda line: None, batch=3)
    assert dict(DataKey.objects.values_list("subject", "wrapped")) == before
    assert rotation.rotate(lambda line: None) == 0


def test_keys_that_a_process_still_makes_with_the_old_key_are_moved_too(cases, new_key, settings) -> None:
    late = uuid4()

    def meanwhile(line: str) -> None:
        # A process that was started before the change: its current key is the old one.
        if line.startswith("7 of") and not DataKey.objects.filter(pk=late).exists():
            with_new, settings.SPEAN_KEK_FILE = settings.SPEAN_KEK_FILE, new_key
            settings.SPEAN_EARLIER_KEK_FILES = []
            vault.create_key(late)
            settings.SPEAN_KEK_FILE, settings.SPEAN_EARLIER_KEK_FILES = with_new, [new_key]

    assert rotation.rotate(meanwhile, batch=3) == 0
    assert DataKey.objects.get(pk=late).kek_id == current(settings)


def test_a_destroyed_key_stays_destroyed(cases, new_key) -> None:
    vault.destroy_key(cases[0].subject)
    before = DataKey.objects.get(pk=cases[0].subject)
    assert rotation.rotate(lambda line: None) == 0
    after = DataKey.objects.get(pk=cases[0].subject)
    assert (after.wrapped, after.destroyed_at, after.kek_id) == (None, before.destroyed_at, before.kek_id)
    assert name_of(cases[0]) is None


def test_refuses_while_a_key_in_use_is_not_at_hand(cases, new_key, settings) -> None:
    settings.SPEAN_EARLIER_KEK_FILES = []
    with pytest.raises(rotation.CannotRotate, match="SPEAN_EARLIER_KEK_FILES"):
        rotation.rotate(lambda line: None)
    assert events() == []
    said: list[str] = []
    assert rotation.status(said.append) == 1
    assert any("FILE MISSING" in line for line in said)


def test_a_damaged_key_stops_nobody_else_and_is_never_called_done(cases, new_key, settings) -> None:
    hurt = cases[3].subject
    row = DataKey.objects.get(pk=hurt)
    damaged = bytes(row.wrapped)[:-1] + bytes([bytes(row.wrapped)[-1] ^ 1])
    DataKey.objects.filter(pk=hurt).update(wrapped=damaged)
    assert rotation.rotate(lambda line: None, batch=2) == 1
    assert bytes(DataKey.objects.get(pk=hurt).wrapped) == damaged
    assert all(name_of(case) == "Canaryfamily" for case in cases if case.subject != hurt)
    assert events() == ["keys.rotation_started"]


def test_a_wrapped_key_moved_to_another_person_does_not_rotate_into_her_hands(cases, new_key) -> None:
    """The binding to the person is checked again when a key is wrapped anew."""
    one, two = cases[0].subject, cases[1].subject
    DataKey.objects.filter(pk=one).update(wrapped=DataKey.objects.get(pk=two).wrapped)
    assert rotation.rotate(lambda line: None) == 1
    with pytest.raises(crypto.CannotOpen):
        name_of(cases[0])


def test_nothing_to_do_is_said_and_logged_nowhere(cases) -> None:
    said: list[str] = []
    assert rotation.rotate(said.append) == 0
    assert said[0].startswith("Nothing to do: all 7")
    assert events() == []


def test_status_tells_how_far_it_is_and_names_nobody(cases, new_key, settings) -> None:
    vault.rewrap(2)
    vault.destroy_key(cases[6].subject)
    said: list[str] = []
    assert rotation.status(said.append) == 0
    text = "\n".join(said)
    assert f"{current(settings)} (current)" in text
    assert "data keys left. Go on with: spean keys rotate" in text
    assert "destroyed data keys: 1" in text
    assert "escrow: NONE" in text
    assert not any(str(case.subject) in text for case in cases)


def test_the_commands_exit_with_what_happened(cases, new_key, settings, capsys) -> None:
    assert rotation.rotate_command([]) == 0
    assert rotation.status_command([]) == 0
    assert "rotation: finished on" in capsys.readouterr().out
    settings.SPEAN_KEK_FILE = new_key.with_name("not-there")
    assert rotation.rotate_command([]) == 2
    assert "no key file" in capsys.readouterr().err


def test_earlier_keys_are_named_in_the_environment() -> None:
    """In the process itself: the variable is read when the settings are."""
    import subprocess
    import sys

    code = "from django.conf import settings; print([str(path) for path in settings.SPEAN_EARLIER_KEK_FILES])"
    root = Path(__file__).resolve().parents[2]
    environment = {"PATH": "/usr/bin", "DJANGO_SETTINGS_MODULE": "config.settings", "SPEAN_EARLIER_KEK_FILES": "/a:/b"}
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True)
    assert ran.stdout.strip() == "['/a', '/b']", ran.stderr
