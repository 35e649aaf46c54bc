"""The drill: the key-encryption key is lost, and any two of three custodians bring it back; one never does."""

import base64
import json
from itertools import combinations, permutations
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from spean.people.models import Person
from spean.privacy import crypto, escrow, escrow_commands, rotation, vault
from spean.privacy.escrow import BadEscrow
from spean.privacy.models import Event

NAMES = ("first", "second", "third")


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    """Each custodian's private key, made by the command; the public lines lie beside them."""
    for name in NAMES:
        public = escrow.new_custodian(tmp_path / name)
        (tmp_path / f"{name}.pub").write_text(f"{public}\n")
    return {name: tmp_path / name for name in NAMES}


def public(keys: dict[str, Path]) -> list[escrow.Custodian]:
    return [escrow.Custodian.parse(path.with_suffix(".pub").read_text()) for path in keys.values()]


def privates(keys: dict[str, Path], *names: str):
    return [escrow.read_private(keys[name]) for name in names]


@pytest.mark.django_db(databases=["default", "keys"])
def test_the_drill(case, keys, settings, tmp_path: Path, capsys) -> None:
    """Escrow; lose the file; each pair brings it back, on an empty machine; each alone does not."""
    kek_file = tmp_path / "kek"
    kek_file.write_bytes(crypto.load_key_file(settings.SPEAN_KEK_FILE))
    kek_file.chmod(0o600)
    settings.SPEAN_KEK_FILE = kek_file
    paper = tmp_path / "escrow.json"
    given = [option for name in NAMES for option in ("--custodian", str(tmp_path / f"{name}.pub"))]
    assert escrow_commands.escrow_new([*given, "--file", str(paper)]) == 0
    assert rotation.status_command([]) == 0
    assert "escrow: made on" in capsys.readouterr().out
    assert Event.objects.get(action="keys.escrowed").facts["custodians"] == [one.fingerprint for one in public(keys)]

    kek_file.unlink()
    vault.forget_key_encryption_key()
    person = Person.objects.get(pk=case.person_id)
    hers = [vault.Sealed(person.subject, vault.label_of(Person, "family_name"), person.pk, person.family_name)]
    with pytest.raises(crypto.KeyFileError, match="no key file"):
        vault.open_sealed(hers)
    for name in NAMES:
        alone = ["--escrow", str(paper), "--key", str(keys[name]), "--file", str(kek_file)]
        assert escrow_commands.recover(alone) == 2
        assert escrow_commands.recover([*alone, "--key", str(keys[name])]) == 2  # the same one twice
        assert not kek_file.exists()
    assert "2 different custodians are needed; 1 came." in capsys.readouterr().err
    for pair in combinations(NAMES, 2):
        two = [option for name in pair for option in ("--key", str(keys[name]))]
        assert escrow_commands.recover(["--escrow", str(paper), *two, "--check"]) == 0
        assert not kek_file.exists()
        assert escrow_commands.recover(["--escrow", str(paper), *two, "--file", str(kek_file)]) == 0
        assert kek_file.stat().st_mode & 0o077 == 0
        vault.forget_key_encryption_key()
        assert vault.open_sealed(hers)[0].text == "Canaryfamily"
        # A file that is there is never replaced.
        assert escrow_commands.recover(["--escrow", str(paper), *two, "--file", str(kek_file)]) == 2
        kek_file.unlink()
    vault.forget_key_encryption_key()


def test_every_pair_in_every_order_and_all_three(keys) -> None:
    kek = crypto.new_key()
    made = escrow.Escrow.parse(escrow.escrow(kek, public(keys)).text())
    for pair in permutations(NAMES, 2):
        assert escrow.recover(made, privates(keys, *pair)) == kek
    assert escrow.recover(made, privates(keys, *NAMES)) == kek


def test_one_custodian_finds_a_box_inside_a_box(keys) -> None:
    """With his own key he opens the outer box only, and what is in it opens to nothing that he has."""
    kek = crypto.new_key()
    made = escrow.escrow(kek, public(keys))
    (mine,) = privates(keys, "first")
    by_name = {one.fingerprint: one for one in made.custodians}
    own = public(keys)[0].fingerprint
    opened = 0
    for (outer, inner), box in made.boxes.items():
        bound = escrow._bound(made.kek_id, by_name[outer], by_name[inner], "outer")
        if outer != own:
            with pytest.raises(BadEscrow):
                escrow.open_box(box, mine, bound)
            continue
        opened += 1
        within = escrow.open_box(box, mine, bound)
        assert kek not in within
        for layer in ("inner", "outer"):
            with pytest.raises(BadEscrow):
                escrow.open_box(within, mine, escrow._bound(made.kek_id, by_name[outer], by_name[inner], layer))
    assert opened == 2
    assert kek.hex() not in made.text()
    assert kek not in json.dumps(made.text()).encode()


def test_strangers_recover_nothing(keys, tmp_path: Path) -> None:
    made = escrow.escrow(crypto.new_key(), public(keys))
    escrow.new_custodian(tmp_path / "stranger")
    stranger = escrow.read_private(tmp_path / "stranger")
    with pytest.raises(BadEscrow, match="belong to no custodian"):
        escrow.recover(made, [*privates(keys, "first"), stranger])


def test_every_byte_of_every_box_counts(keys) -> None:
    made = escrow.escrow(crypto.new_key(), public(keys))
    pair, box = next(iter(made.boxes.items()))
    names = {one.fingerprint: name for one, name in zip(public(keys), NAMES, strict=True)}
    those = privates(keys, *(names[fingerprint] for fingerprint in pair))
    for place in range(0, len(box), 7):
        made.boxes[pair] = box[:place] + bytes([box[place] ^ 1]) + box[place + 1 :]
        with pytest.raises(BadEscrow):
            escrow.recover(made, those)
    made.boxes[pair] = box
    assert escrow.recover(made, those)


def test_boxes_cannot_change_places_nor_claim_another_key(keys) -> None:
    made = escrow.escrow(crypto.new_key(), public(keys))
    one, two = list(made.boxes)[:2]
    swapped = escrow.Escrow(made.kek_id, made.custodians, {**made.boxes, one: made.boxes[two], two: made.boxes[one]})
    with pytest.raises(BadEscrow):
        escrow.recover(swapped, privates(keys, "first", "second"))
    renamed = escrow.Escrow("0" * 16, made.custodians, made.boxes)
    with pytest.raises(BadEscrow):
        escrow.recover(renamed, privates(keys, "first", "second"))


@pytest.mark.parametrize("which", [("first", "second"), ("first", "second", "second"), ("first",), ()])
def test_an_escrow_needs_three_different_custodians(keys, which) -> None:
    found = dict(zip(NAMES, public(keys), strict=True))
    with pytest.raises(BadEscrow, match="3 different custodians"):
        escrow.escrow(crypto.new_key(), [found[name] for name in which])


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": "spean escrow 2"}', "x" * 100])
def test_a_file_that_is_no_escrow_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadEscrow):
        escrow.Escrow.parse(text)


def test_a_mistyped_public_line_is_refused(keys) -> None:
    line = str(public(keys)[0])
    for wrong in (line[:-8], line.replace(":", "+"), line[:20] + ("0" if line[20] != "0" else "1") + line[21:], "x"):
        with pytest.raises(BadEscrow):
            escrow.Custodian.parse(wrong)


def test_a_locked_key_needs_its_passphrase(tmp_path: Path) -> None:
    made = escrow.new_custodian(tmp_path / "locked", "a long enough passphrase")
    assert escrow.is_locked(tmp_path / "locked")
    assert escrow._custodian_of(escrow.read_private(tmp_path / "locked", "a long enough passphrase")) == made
    with pytest.raises(BadEscrow, match="locked with a passphrase"):
        escrow.read_private(tmp_path / "locked")
    with pytest.raises(BadEscrow, match="wrong passphrase"):
        escrow.read_private(tmp_path / "locked", "another passphrase")


def test_guessing_a_passphrase_costs_memory_and_time(tmp_path: Path) -> None:
    escrow.new_custodian(tmp_path / "locked", "a long enough passphrase")
    armoured = (tmp_path / "locked").read_bytes().splitlines()[1:-1]
    # The age format says so in its head: scrypt, its salt, and the logarithm of its cost.
    recipient = base64.b64decode(b"".join(armoured)).split(b"\n")[1].split(b" ")
    assert recipient[:2] == [b"->", b"scrypt"]
    assert int(recipient[3]) >= 15


def test_a_file_that_was_locked_the_old_way_still_opens(tmp_path: Path) -> None:
    private = X25519PrivateKey.generate()
    old = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a long enough passphrase"))
    crypto.write_private_file(tmp_path / "old", old)
    assert escrow.is_locked(tmp_path / "old")
    found = escrow.read_private(tmp_path / "old", "a long enough passphrase")
    assert escrow._custodian_of(found) == escrow._custodian_of(private)


def test_a_custodians_file_is_private_and_never_replaced(tmp_path: Path, capsys) -> None:
    path = tmp_path / "key"
    assert escrow_commands.custodian_new(["--file", str(path), "--no-passphrase"]) == 0
    assert capsys.readouterr().out.startswith(escrow.PREFIX)
    before = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert escrow_commands.custodian_new(["--file", str(path), "--no-passphrase"]) == 2
    assert path.read_bytes() == before
    path.chmod(0o644)
    with pytest.raises(crypto.KeyFileError, match="open to other users"):
        escrow.read_private(path)
