"""Secrets: made once, readable by their owner alone, never replaced in silence."""

from pathlib import Path

import pytest

from spean.run import databases, state
from spean.run.state import SetupFault


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPEAN_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_secrets_are_private_and_differ() -> None:
    state.prepare()
    files = [state.secret_file(name) for name in state.SECRETS]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert len({file.read_bytes() for file in files}) == len(files)
    assert len(state.find_secret("kek")) == 32


def test_a_second_set_up_changes_nothing() -> None:
    state.prepare()
    before = {name: state.find_secret(name) for name in state.SECRETS}
    state.prepare()
    assert before == {name: state.find_secret(name) for name in state.SECRETS}


def test_an_interrupted_set_up_is_completed() -> None:
    state.prepare()
    kept = state.find_secret("kek")
    state.secret_file("complete").unlink()
    state.secret_file("log_key").unlink()
    state.prepare()
    assert state.find_secret("kek") == kept
    assert len(state.find_secret("log_key")) == 32


def test_a_lost_key_is_reported_and_not_replaced() -> None:
    state.prepare()
    state.secret_file("kek").unlink()
    with pytest.raises(SetupFault, match="restore it from its backup"):
        state.prepare()
    assert not state.secret_file("kek").exists()


def test_reading_before_the_set_up_makes_nothing(home: Path) -> None:
    assert state.find_secret("secret_key") == b""
    assert not home.exists()


class TestProductionAddresses:
    @pytest.fixture(autouse=True)
    def _addresses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://app:a%40b@db.internal:5433/spean?sslmode=verify-full")
        monkeypatch.setenv("KEYS_DATABASE_URL", "postgresql://app@keys.internal/keys")
        monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner:x@db.internal:5433/spean")

    def test_application(self) -> None:
        found = databases.for_role("app")["default"]
        assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == (
            "app", "a@b", "db.internal", "5433",
        )  # fmt: skip
        assert found["OPTIONS"] == {"sslmode": "verify-full"}
        assert databases.for_role("app")["keys"]["NAME"] == "keys"

    def test_another_machine_has_to_prove_itself_unless_told_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert databases.for_role("app")["keys"]["OPTIONS"] == {"sslmode": "verify-full"}
        for here in ("localhost", "127.0.0.1", "[::1]", ""):
            monkeypatch.setenv("KEYS_DATABASE_URL", f"postgresql://app@{here}/keys")
            assert databases.for_role("app")["keys"]["OPTIONS"] == {}
        monkeypatch.setenv("KEYS_DATABASE_URL", "postgresql://app@/keys?host=/run/postgresql")
        assert databases.for_role("app")["keys"]["OPTIONS"] == {}
        monkeypatch.setenv("KEYS_DATABASE_URL", "postgresql://app@keys.internal/keys?sslmode=verify-ca")
        assert databases.for_role("app")["keys"]["OPTIONS"] == {"sslmode": "verify-ca"}

    def test_owner_migrates(self) -> None:
        assert databases.for_role("owner")["default"]["USER"] == "owner"

    def test_keys_are_never_left_in_the_embedded_database(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("KEYS_DATABASE_URL")
        with pytest.raises(SetupFault, match="KEYS_DATABASE_URL"):
            databases.for_role("app")
