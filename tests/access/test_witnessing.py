"""The auditor's pages about witnesses: roots on paper, who keeps them, and that sharing stopped."""

from datetime import timedelta
from typing import Any

import pytest

from spean.access import witnessing
from spean.cases.consent import record_consent
from spean.lib import clock
from spean.privacy import events, sequencer, witness
from spean.privacy.models import Checkpoint, Event, KeptRoot, WitnessContact
from spean.referral.models import Referral
from tests import steps
from tests.cast import Cast
from tests.detection.walk import Walker
from tests.signed_in import signed_in


@pytest.fixture
def signed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    monkeypatch.setattr(sequencer, "_last_sweep", None)
    events.record("case.closed", actor=None)
    sequencer.sequence_once(checkpoint=True)
    return Checkpoint.objects.get()


def test_words_and_digits_are_the_root() -> None:
    root = bytes(range(32))
    assert "".join(witnessing.grouped(root)) == root.hex()
    assert len(set(witnessing.words(root))) == 8
    other = bytes([root[0] ^ 1, *root[1:]])
    assert witnessing.words(root)[0] != witnessing.words(other)[0]
    # Known values of the scheme: 127.0.0.1 is "lusab babad".
    assert witnessing.words(bytes([127, 0, 0, 1, *[0] * 12]))[:2] == ["lusab", "babad"]


def test_the_root_can_be_printed_and_is_recorded_back(cast: Cast, signed: Checkpoint) -> None:
    walker = Walker(signed_in(cast.auditor))
    walker.go("/")
    assert "/log/roots/" in walker.text
    assert "Print or mail the root" in walker.text
    walker.go(f"/log/roots/{signed.size}/")
    for part in (*witnessing.grouped(bytes(signed.root)), *witnessing.words(bytes(signed.root)), "data:image/svg+xml"):
        assert part in walker.text
    walker.go(f"/log/roots/{signed.size}/keep/")
    assert walker.send(form="printed").status_code == 422
    today = clock.today()
    walker.send(
        keeper=str(cast.org("court").pk),
        form="printed",
        kept_on_0=today.day,
        kept_on_1=today.month,
        kept_on_2=today.year,
    )
    row = KeptRoot.objects.get()
    assert (row.size, row.keeper, row.recorded_by) == (signed.size, cast.org("court"), cast.auditor)
    assert bytes(row.root) == bytes(signed.root)
    assert Event.objects.filter(action="log.root_kept", object_id=row.pk).count() == 1
    walker.go("/")
    assert "Print or mail the root" not in walker.text
    with clock.travel(clock.now() + timedelta(days=8)):
        assert witnessing.due()


@pytest.mark.parametrize("name", ["screener", "manager", "outsider", "officer", "provider", "administrator"])
def test_the_pages_are_the_auditors_alone(cast: Cast, signed: Checkpoint, name: str) -> None:
    client = signed_in(getattr(cast, name))
    for path in ("/log/roots/", f"/log/roots/{signed.size}/", f"/log/roots/{signed.size}/keep/"):
        assert client.get(path).status_code == 404
        assert client.post(path, {"form": "printed"}).status_code in (404, 405)
    assert not KeptRoot.objects.exists()


def test_a_root_that_nobody_signed_is_not_shown(cast: Cast, signed: Checkpoint) -> None:
    client = signed_in(cast.auditor)
    assert client.get("/log/roots/999999/").status_code == 404
    assert client.get("/log/roots/99999999999999999999999999/").status_code == 404


@pytest.fixture
def silent(cast: Cast, settings: Any) -> None:
    """A witness is configured and has not answered for more than a day."""
    key = witness.cosigner().verifier
    settings.SPEAN_WITNESSES = [f"https://witness.example/witness/add-checkpoint {key}"]
    long_ago = clock.now() - timedelta(days=2)
    WitnessContact.objects.create(
        witness=str(key), first_tried_at=long_ago, tried_at=clock.now(), answered_at=long_ago, fault="unreachable"
    )


def test_without_a_voice_nothing_is_sent_and_the_page_says_why(cast: Cast, silent: None) -> None:
    case = steps.consented(cast)  # casework goes on: she was interviewed and agreed meanwhile
    walker = Walker(signed_in(cast.screener))
    walker.go(f"/case/{case.pk}/refer/")
    answer = walker.send(to=str(cast.org("focal").pk))
    assert answer.status_code == 422
    assert "Sharing has stopped" in walker.text
    assert not Referral.objects.exists()
    case.refresh_from_db()
    assert (case.status, case.legal_status) == ("screened", "not_assessed")
    WitnessContact.objects.update(answered_at=clock.now())
    walker.send(to=str(cast.org("focal").pk))
    assert Referral.objects.count() == 1


def test_her_words_are_kept_also_while_sharing_is_stopped(cast: Cast, silent: None) -> None:
    case = steps.screened(cast).case
    row = record_consent(
        cast.screener, case, purpose="referral_to_focal_agency", classes=["identity"], evidence="thumbprint",
        language="km",
    )  # fmt: skip
    assert row.status == "given"


def test_the_auditor_sees_that_sharing_stopped(cast: Cast, silent: None) -> None:
    client = signed_in(cast.auditor)
    assert "sharing has stopped" in client.get("/").content.decode()
    page = client.get("/log/roots/").content.decode()
    assert "No witness has answered for a day" in page
    assert "Cannot be reached" in page
