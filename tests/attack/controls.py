"""Controls taken away, one after the other: does any test notice?

For each promise the line that keeps it is changed in a copy of the project, and the tests that should prove it run
there. A control whose absence no test notices is no control. (A mutation that no longer finds its line is a fault of
this list, and reported as one.)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.attack import stage
from tests.attack.results import Result

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Control:
    """What is promised; the file, the text that keeps the promise and what it becomes; the tests that must fail."""

    promise: str
    file: str
    kept: str
    broken: str
    tests: str


CONTROLS = (
    Control("the door asks the policy", "spean/privacy/doors.py",
            "            if not all(policy.may_reveal(user, obj, section) for section in set(sections[obj.pk].values()))",
            "            if False", "tests/privacy/test_doors.py"),
    Control("every reading is in the log", "spean/privacy/doors.py",
            "                events.record_all(readings)\n", "                pass\n", "tests/privacy/test_doors.py"),
    Control("a budget of openings per day", "spean/privacy/doors.py",
            "            spent = budget.exceeded(user, (draft.subject for draft in readings))",
            "            spent = None", "tests/privacy/test_budget.py"),
    Control("lists open initials only of records one may see", "spean/privacy/doors.py",
            "    allowed = policy.may_see_initials(user, listed.values())\n", "    allowed = frozenset(listed)\n",
            "tests/privacy/test_doors.py"),
    Control("what is sent is what was consented to", "spean/privacy/doors.py",
            "        allowed = consent.covered_by(rows, recipient_org, purpose, asked, clock.today())",
            "        allowed = asked", "tests/privacy/test_doors.py"),
    Control("sharing stops without a witness", "spean/privacy/doors.py",
            "    if witness.silent():", "    if False:", "tests/privacy/test_witness.py"),
    Control("ciphertext is bound to person, field and row", "spean/privacy/crypto.py",
            "_bind(b\"spean sealed field\", subject.bytes, label.encode(), row_id.bytes, bytes([version]))",
            "_bind(b\"spean sealed field\", bytes([version]))", "tests/privacy/test_crypto.py"),
    Control("lengths are padded", "spean/privacy/crypto.py", "SHORT_STEP = 64", "SHORT_STEP = 1",
            "tests/privacy/test_crypto.py tests/privacy/test_dump.py"),
    Control("a destroyed key is gone", "spean/privacy/vault.py",
            "            row.wrapped, row.destroyed_at = None, clock.now()",
            "            row.destroyed_at = clock.now()", "tests/privacy/test_vault.py"),
    Control("an exclusion wins over everything", "spean/access/policy.py",
            "lifted_at__isnull=True\n    )\n    persons", "lifted_at__isnull=False\n    )\n    persons",
            "tests/access/test_policy.py"),
    Control("what has ended opens nothing", "spean/access/policy.py",
            "{f\"{prefix}until_at__isnull\": True}) | Q(**{f\"{prefix}until_at__gt\": now})",
            "{f\"{prefix}from_at__lte\": now})", "tests/access/test_policy.py tests/cases/test_parts.py"),
    Control("the page and the list ask the same question", "spean/access/policy.py",
            "    return rows.filter(allowed & _not_excluded(user, model))", "    return rows",
            "tests/access/test_policy.py"),
    Control("the log verifies every row", "spean/privacy/leaves.py",
            "    return leaf_hash(encode(row))", "    return leaf_hash(encode(row[:6]))",
            "tests/privacy/test_verify.py tests/privacy/test_leaves.py"),
    Control("a fork is not cosigned", "spean/privacy/witness.py",
            "        if not sound:\n", "        if False:\n", "tests/privacy/test_witness.py"),
    Control("a second factor is asked of who sees cases", "spean/access/models.py",
            "return bool(self.roles & roles.CONTENT_ROLES) or roles.ADMINISTRATOR in self.roles", "return False",
            "tests/access/test_sign_in.py"),
    Control("a session ends", "spean/access/middleware.py",
            "    return now - seen > IDLE or now - started > longest(user) or ahead", "    return False",
            "tests/access/test_sign_in.py"),
    Control("no second one can use a one-time link", "spean/access/links.py",
            "    if link.used_at is not None or ", "    if ", "tests/access/test_sign_in.py"),
    Control("the second administrator is another person", "spean/access/policy.py",
            "            ~Q(requested_by_id=user.pk) & (Q(user_id__isnull=True) | ~Q(user_id=user.pk))",
            "            Q(pk__isnull=False)", "tests/access/test_changes.py"),
    Control("emergency access lasts four hours", "spean/privacy/emergency.py",
            "LASTS = timedelta(hours=4)", "LASTS = timedelta(hours=40)", "tests/cases/test_emergency.py"),
    Control("the second person of an emergency works elsewhere", "spean/cases/emergency.py",
            "    if second.pk == actor.pk or _organisations(second) & _organisations(actor):", "    if False:",
            "tests/cases/test_emergency.py"),
    Control("both show a fresh second factor", "spean/cases/emergency.py",
            "    if proven_at is None or not now - emergency.FRESH < proven_at <= now + timedelta(seconds=5):",
            "    if False:", "tests/cases/test_emergency.py"),
    Control("where somebody is can be asked for only for a life", "spean/cases/emergency.py",
            "        if facts.get(\"reason\") != DANGER_TO_LIFE:", "        if False:", "tests/cases/test_emergency.py"),
    Control("a legal hold keeps what is held", "spean/cases/erasure.py",
            "    return _standing(erasure.case)\n", "    return []\n", "tests/cases/test_erasure.py"),
    Control("a hold keeps documents", "spean/cases/attaching.py", "        if holds_on(row.case):", "        if False:",
            "tests/cases/test_documents.py::TestGone"),
    Control("one person does not erase alone", "spean/cases/erasure.py",
            "    if erasure.requested_by_id == actor.pk:", "    if False:",
            "tests/cases/test_erasure.py::TestTwoOfficers"),
    Control("an erasure destroys the keys", "spean/cases/erasure.py",
            "    for subject in gone:\n        vault.destroy_key(subject)\n", "    pass\n",
            "tests/cases/test_erasure.py::TestTheWay"),
    Control("the proof of an erasure is what the key vault says", "spean/cases/erasure_pages.py",
            "    if row.erased_at is None or vault.living(row.subjects):", "    if row.erased_at is None:",
            "tests/cases/test_erasure_pages.py::test_the_proof_is_the_key_vaults_and_not_the_rows"),
    Control("a destroyed key leaves the file of its table", "spean/privacy/vault.py",
            "        cursor.execute(f\"VACUUM (FULL) {TABLE}\")", "        pass", "tests/privacy/test_really_gone.py"),
    Control("a key that is missing stops the change of the KEK", "spean/privacy/rotation.py",
            "    if missing:\n", "    if False:\n", "tests/privacy/test_rotation.py"),
    Control("one custodian finds a box in a box", "spean/privacy/escrow.py",
            "        within = seal_box(kek, inner, _bound(kek_id, outer, inner, \"inner\"))", "        within = kek",
            "tests/privacy/test_escrow.py"),
    Control("chunks of a file keep their places", "spean/privacy/crypto.py",
            "    place = index.to_bytes(4, \"big\") + count.to_bytes(4, \"big\")", "    place = b\"\"",
            "tests/cases/test_documents.py::TestSealed"),
    Control("no upload touches the disk in clear", "config/settings.py",
            "FILE_UPLOAD_HANDLERS = [\"spean.cases.uploads.InMemory\"]\n", "\n",
            "tests/cases/test_documents.py::TestUploading"),
    Control("a document is a download and no page", "spean/cases/document_pages.py",
            "f'attachment; filename=", "f'inline; filename=", "tests/cases/test_documents.py::TestUploading"),
    Control("a photograph loses where it was taken", "spean/lib/pictures.py",
            "        if not _is_note(marker, segment):", "        if True:", "tests/lib/test_pictures.py"),
    Control("above twenty persons a second one approves", "spean/exchange/actions.py",
            "    if export.persons > ALONE_AT_MOST and export.status != \"approved\":", "    if False:",
            "tests/exchange/test_actions.py"),
    Control("a submission is carried out once", "spean/workflow/engine.py",
            "            claim(once, verb, obj, actor)\n", "            pass\n",
            "tests/detection/test_views.py tests/identification/test_actions.py tests/referral"),
    Control("the second of two is told what changed", "spean/workflow/engine.py",
            "            if version is not None and version != locked.version:", "            if False:",
            "tests/detection/test_views.py tests/identification/test_actions.py tests/referral"),
    Control("nothing from other sites, no inline script", "config/settings.py",
            "        \"script-src\": [SELF],", "        \"script-src\": [SELF, \"'unsafe-inline'\"],",
            "tests/web/test_frame.py tests/web/test_components.py"),
)  # fmt: skip


def run(*, quick: bool = False) -> list[Result]:
    with stage.scratch() as folder:
        copy = folder / "project"
        _copy(copy)
        found = []
        for control in CONTROLS[:4] if quick else CONTROLS:
            result = _without(control, copy)
            print("   ", control.promise, "–", result.measured, flush=True)
            found.append(result)
        return found


def _copy(place: Path) -> None:
    """What is under version control, as it lies here."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, place / name)


def _without(control: Control, copy: Path) -> Result:
    file = copy / control.file
    whole = file.read_text(encoding="utf-8")
    said = f"noticed when removed: {control.promise}"
    if not control.kept or whole.count(control.kept) != 1:
        return Result("controls", said, "its line was not found", "noticed", False)
    file.write_text(whole.replace(control.kept, control.broken), encoding="utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-n0", "-x", "-p", "no:randomly", *control.tests.split()]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, env=_environment())
    finally:
        file.write_text(whole, encoding="utf-8")
    noticed = done.returncode == 1 and " failed" in done.stdout
    failed = next((line.split(" ")[1] for line in done.stdout.splitlines() if line.startswith("FAILED ")), "")
    test = failed.rsplit("::", 1)[-1] or done.stdout.strip().splitlines()[-1:]
    return Result("controls", said, f"by {test}" if noticed else "NOT noticed", "noticed", noticed)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SPEAN_")}
