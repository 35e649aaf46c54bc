"""Two installations witness each other: two databases, two sets of keys, two servers, and the commands of the guide."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, copy, installed

pytestmark = pytest.mark.slow

# Something that the log has to know.
MORE = """
from spean.privacy import events
for _ in range({rows}):
    events.record("log.read", actor=None)
"""


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Installation, Installation]]:
    """Both set up, after their operators exchanged four lines. Before that A's empty database is kept in `empty`."""
    with installed() as a, installed(like=a) as b:
        copy(a.state / "postgres", tmp_path / "empty")
        for one, name in ((a, "a"), (b, "b")):
            one.environment["SPEAN_LOG_NAME"] = f"spean.{name}.example/log"
            one.run("setup", *_first(name))
        for one, other in ((a, b), (b, a)):
            key = other.run("audit", "witnessed", "--key").strip()
            one.environment |= {
                "SPEAN_WITNESS_FOR": other.run("audit", "key").strip(),
                "SPEAN_WITNESSES": f"{other.url}/witness/add-checkpoint {key}",
            }
        yield a, b


def _first(name: str) -> tuple[str, ...]:
    return (f"--email=first@{name}.example", "--name=First (fictional)", f"--organisation=Ministry {name} (fictional)")


def test_two_servers_witness_each_other_and_a_log_begun_anew_is_seen(
    two: tuple[Installation, Installation], tmp_path: Path
) -> None:
    a, b = two
    status, said = a.said_by("audit", "ask")
    assert (status, said.strip()) == (1, "spean.b.example/log/witness: unreachable")

    a.start("serve")
    b.start("serve")
    assert b.run("audit", "ask").startswith("spean.a.example/log/witness: confirms rows 1 to ")
    before = _confirmed(a)
    a.run("manage", "shell", "-v", "0", "-c", MORE.format(rows=2))
    size = _confirmed(a)
    assert size > before

    # An auditor holds A's log as A hands it out, what B saw of it and B's key, and needs neither server.
    shown, exported = tmp_path / "seen.txt", tmp_path / "log.jsonl"
    shown.write_text(b.run("audit", "witnessed", "--log", "spean.a.example/log"))
    exported.write_text(a.run("audit", "export"))
    known = a.run("audit", "key").strip()
    proof = ("audit", "verify", "--file", str(exported), "--key", known, "--witness", str(shown))
    assert f"witness: agrees on rows 1 to {size:,}" in b.run(*proof)
    cut = tmp_path / "cut.jsonl"
    cut.write_text("".join(_without_the_end(exported.read_text().splitlines(keepends=True))))
    status, said = b.said_by("audit", "verify", "--file", str(cut), "--key", known, "--witness", str(shown))
    assert status == 1, said

    # A's operator throws the log away and makes another with the same keys; B remembers.
    a.stop()
    shutil.rmtree(a.state / "postgres")
    copy(tmp_path / "empty", a.state / "postgres")
    a.run("setup", *_first("another"))
    status, said = a.said_by("audit", "ask")
    assert status == 1
    assert said.strip().rpartition(" ")[2] in ("fork", "ahead_of_us"), said
    a.run("manage", "shell", "-v", "0", "-c", MORE.format(rows=size))
    status, said = a.said_by("audit", "ask")
    assert status == 1
    assert said.strip().rpartition(" ")[2] in ("fork", "unknown_size"), said
    status, said = a.said_by("audit", "verify", "--witness", str(shown))
    assert status == 1, said
    status, said = b.said_by("audit", "verify")
    assert status == 0, said


def _confirmed(one: Installation) -> int:
    """Ask the witness, and say up to which row it confirms."""
    said = one.run("audit", "ask")
    return int(said.rpartition(" ")[2].replace(",", ""))


def _without_the_end(lines: list[str]) -> list[str]:
    """An exported log whose last row never was, with a last line that says so."""
    heading, *rest = lines
    rows = [line for line in rest if line.startswith('{"leaf":')][:-1]
    kept = [line for line in rest if line.startswith('{"checkpoint":') and json.loads(line)["checkpoint"] <= len(rows)]
    return [heading, *kept, *rows, json.dumps({"entries": len(rows)}, separators=(",", ":")) + "\n"]
