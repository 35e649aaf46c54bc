"""The `spean` command itself: what it offers, and that it ends well whatever happens."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import spean
from spean import cli

REPOSITORY = Path(__file__).parents[1]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for command in cli.COMMANDS:
        assert re.search(rf"^    {command.words.split()[0]}\s", said, re.MULTILINE)
    assert max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize("command", [one for one in cli.COMMANDS if not one.raw], ids=lambda one: one.words)
def test_every_command_explains_itself(command: cli.Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*command.words.split(), "--help"])
    assert ended.value.code == 0
    assert f"usage: spean {command.words}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"spean {spean.__version__}\n")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["unknown"],
        ["screen"],
        ["country"],
        ["audit"],
        ["audit", "burn"],
        ["keys"],
        ["keys", "custodian"],
        ["serve", "--port", "x"],
        ["--nothing"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_exits_2_with_the_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert said.err.startswith("usage: spean")


class Stub(ModuleType):
    """A command's module that notes what it was given."""

    def __init__(self, ends: object = None) -> None:
        super().__init__("stub")
        self.ends, self.given = ends, []

    def run(self, given: object) -> object:
        self.given.append(given)
        if isinstance(self.ends, BaseException):
            raise self.ends
        return self.ends


def offer(monkeypatch: pytest.MonkeyPatch, stub: Stub, **more: object) -> None:
    monkeypatch.setitem(sys.modules, "stub", stub)
    monkeypatch.setattr(cli, "COMMANDS", (cli.Command("audit try", "stub:run", "try it", **more),))  # type: ignore[arg-type]


@pytest.mark.parametrize(("ends", "status"), [(None, 0), (0, 0), (1, 1), (2, 2), (False, 0)])
def test_the_status_of_the_command_is_the_status(monkeypatch: pytest.MonkeyPatch, ends: object, status: int) -> None:
    offer(monkeypatch, Stub(ends))
    assert cli.main(["audit", "try"]) == status


def test_a_command_with_a_parser_of_its_own_gets_its_words_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = Stub()
    offer(monkeypatch, stub, raw=True)
    assert cli.main(["audit", "try", "--help", "-v", "--", "x"]) == 0
    assert stub.given == [["--help", "-v", "--", "x"]]


def test_interrupted_by_the_keyboard(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    offer(monkeypatch, Stub(KeyboardInterrupt()))
    assert cli.main(["audit", "try"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_an_exported_log_needs_no_database() -> None:
    verify = next(command for command in cli.COMMANDS if command.words == "audit verify")
    assert verify.database is not None
    assert verify.database([])
    assert verify.database(["--key", "log.key"])
    assert not verify.database(["--file", "log.jsonl", "--key", "log.key"])
    assert not verify.database(["--file=log.jsonl"])
    assert not verify.database(["--help"])


def test_every_command_is_really_there() -> None:
    for command in cli.COMMANDS:
        module, _, function = command.target.partition(":")
        source = REPOSITORY / Path(*module.split(".")).with_suffix(".py")
        assert re.search(rf"^def {function}\(", source.read_text("utf-8"), re.MULTILINE), command.target


# A test run in the background of a shell ignores Ctrl-C, and so would its children.
OBEDIENT = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from spean.cli import main; sys.exit(main())"
)


def started(*words: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", OBEDIENT, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=REPOSITORY,
    )


def test_ctrl_c_leaves_no_traceback() -> None:
    with started("screen", "-") as waiting:
        assert waiting.stdin is not None
        # More than a pipe holds: once it is taken in, the command is reading and no longer starting.
        waiting.stdin.write(b" " * 200_000)
        waiting.stdin.flush()
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate()
        assert (waiting.returncode, out, err) == (130, b"", b"Stopped.\n")


def test_a_reader_that_went_away_leaves_no_traceback() -> None:
    with started("screen", "-") as told:
        assert told.stdin is not None
        assert told.stdout is not None
        assert told.stderr is not None
        told.stdout.close()
        told.stdin.write(b'{"exploitation": "labour"}')
        told.stdin.close()
        assert told.stderr.read() == b""
        assert told.wait() == 141


def test_screening_starts_without_the_rest_of_the_product() -> None:
    seen = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from spean.cli import main; main(['screen', '/nowhere']); print(*sorted(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={key: value for key, value in os.environ.items() if not key.startswith("DJANGO")},
    ).stdout.split()
    assert "spean.detection.rules" in seen
    assert not [name for name in seen if name.startswith(("django.db.backends", "psycopg", "config", "spean.access"))]
