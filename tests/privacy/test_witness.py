"""Witnesses: what is cosigned, what is refused, what silence does; two servers over real HTTP."""

import base64
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from spean.lib import clock
from spean.privacy import doors, events, sequencer, verify, witness
from spean.privacy.checkpoint import BadCheckpoint, Head, Signer, Verifier, create_signing_key
from spean.privacy.cosignature import cosigned_at
from spean.privacy.merkle import Frontier, consistency_from, consistency_proof, leaf_hash
from spean.privacy.models import Checkpoint, Cosignature, Event, WitnessContact, WitnessedCheckpoint

LEAVES = [leaf_hash(str(number).encode()) for number in range(40)]
WHEN = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_proof_from_the_peaks_is_the_proof(old: int, new: int) -> None:
    old, new = min(old, new), max(old, new)
    tree = Frontier()
    for leaf in LEAVES[:old]:
        tree.append(leaf)
    assert consistency_from(tree, LEAVES[old:new]) == consistency_proof(LEAVES[:new], old)


# --- being a witness -----------------------------------------------------------------------------------------


@pytest.fixture
def other(tmp_path: Path, settings: Any) -> Signer:
    """Another system's log, which this server witnesses."""
    key = create_signing_key(tmp_path / "other", "other.example/log")
    settings.SPEAN_WITNESS_FOR = [str(key.verifier)]
    return key


def note(key: Signer, size: int, leaves: list[bytes] = LEAVES) -> str:
    tree = Frontier()
    for leaf in leaves[:size]:
        tree.append(leaf)
    return key.sign(Head(key.name, size, tree.root(), WHEN).body())


def request(key: Signer, old: int, size: int, leaves: list[bytes] = LEAVES, proof: list[bytes] | None = None) -> bytes:
    nodes = consistency_proof(leaves[:size], old) if proof is None else proof
    lines = "".join(f"{base64.b64encode(node).decode()}\n" for node in nodes)
    return f"old {old}\n{lines}\n{note(key, size, leaves)}".encode()


@pytest.mark.django_db(databases=["default", "keys"])
class TestBeingOne:
    def ask(self, body: bytes) -> tuple[int, str]:
        answer = Client(enforce_csrf_checks=True).post("/witness/add-checkpoint", body, content_type="text/plain")
        return answer.status_code, answer.content.decode()

    def test_what_goes_on_from_what_was_seen_is_cosigned(self, other: Signer) -> None:
        for old, size in ((0, 3), (3, 8), (8, 8), (8, 33)):
            status, line = self.ask(request(other, old, size))
            assert status == 200
            signed = cosigned_at(note(other, size) + line, witness.cosigner().verifier)
            assert signed is not None
            assert abs(signed - clock.now()) < timedelta(minutes=1)
        assert list(WitnessedCheckpoint.objects.values_list("size", flat=True)) == [3, 8, 33]

    def test_another_history_of_the_same_log_is_refused_and_noted(self, other: Signer) -> None:
        self.ask(request(other, 0, 8))
        forked = [leaf_hash(b"another"), *LEAVES[1:]]
        assert self.ask(request(other, 8, 20, forked))[0] == 422
        assert self.ask(request(other, 8, 8, forked))[0] == 409
        assert self.ask(request(other, 0, 5, forked)) == (409, "8\n")
        assert Event.objects.filter(action="witness.fork_seen").count() == 2
        assert list(WitnessedCheckpoint.objects.values_list("size", flat=True)) == [8]

    def test_a_log_set_back_is_refused(self, other: Signer) -> None:
        self.ask(request(other, 0, 20))
        assert self.ask(request(other, 5, 8)) == (409, "20\n")
        assert self.ask(f"old 20\n\n{note(other, 8)}".encode())[0] == 400

    def test_a_proof_left_out_or_made_up_is_refused(self, other: Signer) -> None:
        self.ask(request(other, 0, 5))
        for proof in ([], [b"\x00" * 32] * 3, consistency_proof(LEAVES[:20], 5)[:-1]):
            assert self.ask(request(other, 5, 20, proof=proof))[0] == 422

    def test_unknown_logs_and_forged_signatures(self, other: Signer, tmp_path: Path) -> None:
        stranger = create_signing_key(tmp_path / "stranger", "stranger.example/log")
        forger = create_signing_key(tmp_path / "forger", other.name)
        assert self.ask(request(stranger, 0, 3))[0] == 404
        assert self.ask(request(forger, 0, 3))[0] == 403
        assert self.ask(request(other, 0, 3).replace(b"\n3\n", b"\n4\n"))[0] == 403
        assert not WitnessedCheckpoint.objects.exists()

    @pytest.mark.parametrize(
        "body",
        [b"", b"old", b"old 1", b"old x\n\n", b"old -1\n\nx", b"\xff\xfe", b"old 0\nAAAA\n\nx", b"old 0\n\n",
         b"old " + b"9" * 40 + b"\n\nx", b"old 0\n" + b"A" * 70_000],
    )  # fmt: skip
    def test_anything_else_is_answered_plainly(self, other: Signer, body: bytes) -> None:
        assert self.ask(body)[0] in (400, 404)

    def test_who_witnesses_nobody_has_no_such_page(self, settings: Any, tmp_path: Path) -> None:
        settings.SPEAN_WITNESS_FOR = []
        key = create_signing_key(tmp_path / "k", "x.example/log")
        assert self.ask(request(key, 0, 3))[0] == 404
        assert Client().get("/witness/add-checkpoint").status_code in (404, 405)

    def test_what_was_seen_is_printed_for_an_auditor(self, other: Signer, capsys: pytest.CaptureFixture[str]) -> None:
        self.ask(request(other, 0, 3))
        self.ask(request(other, 3, 9))
        assert verify.witnessed(["--log", other.name]) == 0
        assert capsys.readouterr().out == note(other, 9)
        assert verify.witnessed(["--key"]) == 0
        assert Verifier.parse(capsys.readouterr().out, 4) == witness.cosigner().verifier

    def test_the_witness_signs_with_a_key_of_its_own(self, other: Signer) -> None:
        _status, line = self.ask(request(other, 0, 3))
        own = sequencer.signer().verifier
        assert witness.cosigner().verifier.public != own.public
        with pytest.raises(BadCheckpoint):
            verify.verify(note(other, 3) + line, own)


# --- having witnesses ----------------------------------------------------------------------------------------


class Server:
    """A witness on a port of its own, over real HTTP; what it knows it keeps in memory, as another machine would."""

    def __init__(self, key: Signer, log: Verifier) -> None:
        self.key, self.log, self.status = key, log, 200
        self.size, self.root = 0, b""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status, text = outer.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *arguments: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def answer(self, body: bytes) -> tuple[int, str]:
        from spean.privacy.checkpoint import verify as read
        from spean.privacy.merkle import verify_consistency

        if self.status != 200:
            return self.status, ""
        head, _, note = body.decode().partition("\n\n")
        first, *lines = head.split("\n")
        proof, shown = [base64.b64decode(line) for line in lines], read(note, self.log)
        if int(first.split()[1]) != self.size:
            return 409, f"{self.size}\n"
        if self.size and not verify_consistency(self.size, shown.size, self.root, shown.root, proof):
            return 422, ""
        self.size, self.root = shown.size, shown.root
        from spean.privacy.cosignature import Cosigner

        return 200, Cosigner(self.key.name, self.key.private).line(shown.body(), datetime.now(UTC))

    @property
    def entry(self) -> str:
        from spean.privacy.cosignature import Cosigner

        port = self.http.server_address[1]
        return f"http://127.0.0.1:{port}/witness/add-checkpoint {Cosigner(self.key.name, self.key.private).verifier}"


@pytest.fixture
def servers(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Server]]:
    monkeypatch.setattr(sequencer, "_last_sweep", None)
    log = sequencer.signer().verifier
    made = [Server(create_signing_key(tmp_path / name, f"{name}.example"), log) for name in ("first", "second")]
    settings.SPEAN_WITNESSES = [server.entry for server in made]
    yield made
    for server in made:
        server.http.shutdown()
        server.http.server_close()


def grow(rows: int = 5) -> Checkpoint:
    for number in range(rows):
        events.record("case.closed", actor=None, facts={"n": number})
    sequencer.sequence_once(checkpoint=True)
    newest = Checkpoint.objects.order_by("-size").first()
    assert newest is not None
    return newest


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
class TestHavingSome:
    def test_both_cosign_every_time_and_also_when_nothing_is_new(self, servers: list[Server]) -> None:
        for _ in range(3):
            newest = grow()
            assert witness.ask_all() == 2
            assert Cosignature.objects.filter(size=newest.size).count() == 2
        assert witness.ask_all() == 2
        assert Cosignature.objects.count() == 6
        assert all(one.fault == "" and one.size == newest.size for one in witness.standing())

    def test_a_witness_that_missed_some_is_brought_up(self, servers: list[Server]) -> None:
        grow()
        servers[1].status = 503
        assert witness.ask_all() == 1
        grow()
        servers[1].status = 200
        assert witness.ask_all() == 2
        assert servers[0].size == servers[1].size == 10

    def test_a_contact_that_was_lost_starts_where_the_witness_stands(self, servers: list[Server]) -> None:
        grow()
        witness.ask_all()
        WitnessContact.objects.all().delete()
        grow()
        assert witness.ask_all() == 2

    def test_a_witness_of_another_history_is_named(self, servers: list[Server]) -> None:
        grow()
        witness.ask_all()
        servers[0].root = b"\x01" * 32
        servers[1].size = 7  # never a signed size of this log
        grow()
        assert witness.ask_all() == 0
        assert {one.fault for one in witness.standing()} == {"fork", "unknown_size"}

    def test_a_signature_by_somebody_else_is_none(self, servers: list[Server], tmp_path: Path) -> None:
        servers[0].key = create_signing_key(tmp_path / "impostor", "first.example")
        grow()
        assert witness.ask_all() == 1
        assert witness.standing()[0].fault == "bad_signature"
        assert Cosignature.objects.count() == 1

    def test_after_a_day_of_silence_nothing_is_shared_and_a_voice_ends_it(self, servers: list[Server]) -> None:
        grow()
        witness.ask_all()
        for server in servers:
            server.status = 503
        now = clock.now()
        with clock.travel(now + timedelta(hours=23)):
            assert witness.ask_all() == 0
            doors.require_witness()
        with clock.travel(now + timedelta(hours=25)):
            witness.ask_all()
            with pytest.raises(doors.SharingStopped):
                doors.require_witness()
            servers[1].status = 200
            assert witness.ask_all() == 1
            doors.require_witness()

    def test_one_that_never_answered_counts_from_the_first_time_it_was_asked(self, servers: list[Server]) -> None:
        for server in servers:
            server.status = 404
        grow()
        witness.ask_all()
        doors.require_witness()
        with clock.travel(clock.now() + timedelta(hours=25)), pytest.raises(doors.SharingStopped):
            doors.require_witness()

    def test_the_auditor_proves_with_what_the_witness_signed(
        self, servers: list[Server], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        newest = grow()
        witness.ask_all()
        grow()
        exported, kept = tmp_path / "log", tmp_path / "kept"
        verify.export(["--file", str(exported)])
        kept.write_text(newest.note + "".join(Cosignature.objects.values_list("line", flat=True)))
        key = str(sequencer.signer().verifier)
        keys = [word for server in servers for word in ("--witness-key", server.entry.split()[1])]
        given = ["--file", str(exported), "--key", key]
        assert verify.main([*given, "--witness", str(kept), *keys]) == 0
        said = capsys.readouterr().out
        assert "witness: agrees on rows 1 to 5" in said
        assert "unwitnessed: 5 rows" in said
        kept.write_text(newest.note)
        assert verify.main([*given, "--witness", str(kept), *keys]) == 2

    def test_a_root_on_paper_is_as_good(self, servers: list[Server], capsys: pytest.CaptureFixture[str]) -> None:
        newest = grow()
        grow()
        digits = bytes(newest.root).hex()
        assert verify.main(["--root", f"5: {digits[:8]} {digits[8:]}"]) == 0
        assert "unwitnessed: 5 rows" in capsys.readouterr().out
        assert verify.main(["--root", f"5:{'0' * 64}"]) == 1
        assert verify.main(["--root", "5:00"]) == 2


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_one_spean_asks_another_over_http(live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real endpoint behind the real client. (Both stand on one database here; their tables are different ones.)"""
    monkeypatch.setattr(sequencer, "_last_sweep", None)
    settings.SPEAN_WITNESS_FOR = [str(sequencer.signer().verifier)]
    settings.SPEAN_WITNESSES = [f"{live_server.url}/witness/add-checkpoint {witness.cosigner().verifier}"]
    for _ in range(2):
        newest = grow()
        assert witness.ask_all() == 1
    assert WitnessedCheckpoint.objects.order_by("-size").values_list("note", flat=True)[0] == newest.note
    line = Cosignature.objects.get(size=newest.size).line
    assert cosigned_at(newest.note + line, witness.cosigner().verifier) is not None


def test_without_witnesses_nothing_stops(settings: Any) -> None:
    settings.SPEAN_WITNESSES = []
    assert witness.silent() is False


def test_a_witness_elsewhere_is_asked_over_tls_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Opener:
        def open(self, request: Any, timeout: float) -> None:
            asked.append(request.full_url)
            raise OSError

    monkeypatch.setattr(witness.urllib.request, "build_opener", lambda *_handlers: Opener())
    for url in (
        "http://witness.example/x",
        "ftp://witness.example/x",
        "file://localhost/etc/passwd",
        "//witness.example/x",
    ):
        assert witness._post(url, b"") == (0, "")
    assert asked == []
    for url in ("https://witness.example/x", "http://127.0.0.1:8001/x", "http://localhost:8001/x"):
        witness._post(url, b"")
    assert len(asked) == 3
