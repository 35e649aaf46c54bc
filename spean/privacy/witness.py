"""Witnesses of the log: cosigning another system's checkpoints here, and asking others to cosign ours.

The exchange is C2SP's tlog-witness, the signature its tlog-cosignature. A witness cosigns only what continues what
it saw before; so whoever rewrites a log has to win over every witness. When no witness has answered for a day,
sharing stops (doors.py) and casework goes on.
"""

import base64
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.db import connection, transaction

from spean.lib import clock
from spean.privacy import events, sequencer
from spean.privacy.checkpoint import COSIGNATURE, BadCheckpoint, Head, Verifier, signed_text
from spean.privacy.cosignature import Cosigner, cosigned_at
from spean.privacy.merkle import Frontier, consistency_from, verify_consistency
from spean.privacy.models import Checkpoint, Cosignature, LogLeaf, WitnessContact, WitnessedCheckpoint

SILENT = timedelta(days=1)  # without any witness for longer, nothing is shared
LONGEST = 64 * 1024  # a request is a few hundred bytes
TIMEOUT = 10
# Any constant: it only has to be the same for all web workers of one database.
_LOCK = 0x5350_5749_5431


def cosigner() -> Cosigner:
    key = sequencer.signer()
    seed = HKDF(hashes.SHA256(), 32, salt=None, info=b"spean witness v1").derive(
        key.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    )
    return Cosigner(f"{key.name}/witness", Ed25519PrivateKey.from_private_bytes(seed))


# --- being a witness ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What the endpoint answers: a status of HTTP and a short text."""

    status: int
    text: str = ""
    content_type: str = "text/plain; charset=utf-8"


def watched() -> list[Verifier]:
    """The logs that this server witnesses, by their keys."""
    return [Verifier.parse(text) for text in settings.SPEAN_WITNESS_FOR]


def receive(body: bytes) -> Answer:
    """Look at somebody's checkpoint, and cosign it if it continues what was seen before."""
    try:
        old, proof, note = _request(body)
    except (ValueError, UnicodeDecodeError):
        return Answer(400, "This is not a request to a witness.\n")
    verifier = next((one for one in watched() if note.startswith(f"{one.name}\n")), None)
    if verifier is None:
        return Answer(404, "This log is not witnessed here.\n")
    mine = [one for one in watched() if one.name == verifier.name]
    head = None
    for verifier in mine:
        try:
            text = signed_text(note, verifier)
            head = Head.parse(text)
            break
        except BadCheckpoint:
            continue
    if head is None:
        return Answer(403, "The checkpoint is not signed by a key that is known here.\n")
    return _judge(verifier, head, text, note, old, proof)


def _judge(verifier: Verifier, head: Head, text: str, note: str, old: int, proof: Sequence[bytes]) -> Answer:
    log = str(verifier)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last = WitnessedCheckpoint.objects.filter(log=log).order_by("-size").first()
        seen = last.size if last else 0
        if old > head.size:
            return Answer(400, "The old size is larger than the checkpoint's.\n")
        if old != seen:
            return Answer(409, f"{seen}\n", "text/x.tlog.size")
        root = bytes(last.root) if last else b""
        if last is not None and head.size == seen and head.root != root:
            events.record("witness.fork_seen", actor=None, facts={"size": head.size})
            return Answer(409, f"{seen}\n", "text/x.tlog.size")
        sound = not proof if last is None else verify_consistency(seen, head.size, root, head.root, proof)
        if not sound:
            events.record("witness.fork_seen", actor=None, facts={"size": head.size})
            return Answer(422, "The checkpoint does not continue what was seen before.\n")
        now = clock.now()
        if last is None or head.size > seen:
            WitnessedCheckpoint.objects.create(log=log, size=head.size, root=head.root, note=note, seen_at=now)
        return Answer(200, cosigner().line(text, now))


def _request(body: bytes) -> tuple[int, list[bytes], str]:
    """`old N`, the proof's hashes, an empty line, the checkpoint."""
    if len(body) > LONGEST:
        raise ValueError
    head, separator, note = body.decode().partition("\n\n")
    first, *lines = head.split("\n")
    word, _, number = first.partition(" ")
    if not separator or word != "old" or not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise ValueError
    proof = [base64.b64decode(line, validate=True) for line in lines]
    if len(proof) > 63 or any(len(node) != 32 for node in proof):
        raise ValueError
    return int(number), proof, note


def kept_notes(log_name: str = "") -> list[str]:
    """The last checkpoint of every log that this server witnessed, for an auditor elsewhere."""
    newest: dict[str, str] = {}
    for row in WitnessedCheckpoint.objects.order_by("log", "size"):
        if not log_name or row.log.startswith(f"{log_name}+"):
            newest[row.log] = row.note
    return list(newest.values())


# --- having witnesses ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Witness:
    """Another server that is asked to cosign."""

    url: str
    verifier: Verifier


def configured() -> list[Witness]:
    found = []
    for entry in settings.SPEAN_WITNESSES:
        url, _, key = entry.strip().partition(" ")
        found.append(Witness(url, Verifier.parse(key, COSIGNATURE)))
    return found


def ask_all() -> int:
    """Show the newest checkpoint to every witness. Returns how many cosigned. Runs as a job, also when nothing is new."""
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return 0
    return sum(_ask(witness, newest) for witness in configured())


def _ask(witness: Witness, newest: Checkpoint) -> bool:
    now = clock.now()
    contact, _ = WitnessContact.objects.get_or_create(
        witness=str(witness.verifier), defaults={"first_tried_at": now, "tried_at": now}
    )
    contact.tried_at = now
    contact.fault = _exchange(witness, contact, newest)
    if not contact.fault:
        contact.size, contact.answered_at = newest.size, now
    contact.save()
    return not contact.fault


def _exchange(witness: Witness, contact: WitnessContact, newest: Checkpoint) -> str:
    """Ask once, and once more where the witness stands at another size. Returns the fault as a code, or nothing."""
    old = min(contact.size, newest.size)
    for _ in range(2):
        proof = _proof(old, newest.size)
        if proof is None:
            return "unknown_size"  # it saw a log that this one never was: a copy, or another history
        status, text = _post(witness.url, _body(old, proof, newest.note))
        if status == 409 and text.strip().isdecimal() and int(text) != old:
            old = int(text)
            if old > newest.size:
                return "ahead_of_us"  # it saw more than there is: our log was set back
            continue
        if status == 200:
            return _keep(witness, newest, text)
        return {0: "unreachable", 403: "key_unknown", 404: "log_unknown", 409: "fork", 422: "fork"}.get(
            status, "refused"
        )
    return "refused"


def _keep(witness: Witness, newest: Checkpoint, text: str) -> str:
    for line in text.splitlines():
        signed = cosigned_at(f"{newest.note}{line}\n", witness.verifier)
        if signed is not None:
            Cosignature.objects.get_or_create(
                size=newest.size, witness=str(witness.verifier), defaults={"line": f"{line}\n", "signed_at": signed}
            )
            return ""
    return "bad_signature"


def _proof(old: int, new: int) -> list[bytes] | None:
    """That our tree of `old` leaves is the beginning of that of `new`; None where we never signed that size."""
    if old in (0, new):
        return []
    signed = Checkpoint.objects.filter(size=old).first()
    if signed is None:
        return None
    rows = LogLeaf.objects.filter(index__gte=old, index__lt=new).order_by("index").values_list("hash", flat=True)
    return consistency_from(Frontier.from_bytes(old, bytes(signed.frontier)), [bytes(leaf) for leaf in rows.iterator()])


def _body(old: int, proof: Iterable[bytes], note: str) -> bytes:
    lines = "".join(f"{base64.b64encode(node).decode()}\n" for node in proof)
    return f"old {old}\n{lines}\n{note}".encode()


class _Straight(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _post(url: str, body: bytes) -> tuple[int, str]:
    """The status and text of the answer; status 0 where there was none. Follows nothing."""
    parts = urlsplit(url)
    here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not (parts.scheme == "https" or here):
        return 0, ""  # a checkpoint is no secret, but who answers for it has to be known
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "text/plain"}, method="POST")  # noqa: S310
    try:
        with urllib.request.build_opener(_Straight).open(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.read(LONGEST).decode("utf-8", "replace")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(LONGEST).decode("utf-8", "replace")
    except (OSError, ValueError):
        return 0, ""


@dataclass(frozen=True)
class Standing:
    """How it stands with one witness."""

    name: str
    answered_at: datetime | None
    size: int
    fault: str


def standing() -> list[Standing]:
    """Every configured witness, for the auditor."""
    rows = {row.witness: row for row in WitnessContact.objects.all()}
    found = []
    for witness in configured():
        row = rows.get(str(witness.verifier))
        name = witness.verifier.name
        found.append(
            Standing(name, row.answered_at, row.size, row.fault) if row else Standing(name, None, 0, "not_asked")
        )
    return found


def silent() -> bool:
    """Witnesses are configured, and for a day none of them has answered: nothing more is shared."""
    names = [str(witness.verifier) for witness in configured()]
    rows = list(WitnessContact.objects.filter(witness__in=names)) if names else []
    since = [row.answered_at or row.first_tried_at for row in rows]
    return bool(since) and max(since) < clock.now() - SILENT
