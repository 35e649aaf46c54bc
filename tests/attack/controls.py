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
    # What is written when the database is made shows only in one made anew.
    anew: bool = False


CONTROLS = (
    Control("the door asks the policy", "spean/privacy/doors.py",
            "            if not all(policy.may_reveal(user, obj, section) for section in set(sections[obj.pk].values()))",
            "            if False",
            "tests/privacy/test_doors.py::TestReveal::test_refuses_whoever_has_no_task_in_the_case"),
    Control("every reading is in the log", "spean/privacy/doors.py",
            "                events.record_all(readings)\n", "                pass\n",
            "tests/privacy/test_doors.py::TestReveal::test_gives_the_text_and_writes_who_read_it"),
    Control("a budget of openings per day", "spean/privacy/doors.py",
            "            spent = budget.exceeded(user, (draft.subject for draft in readings))",
            "            spent = None",
            "tests/privacy/test_budget.py::test_the_one_beyond_is_refused_and_nothing_is_decrypted"),
    Control("lists open initials only of records one may see", "spean/privacy/doors.py",
            "    allowed = policy.may_see_initials(user, listed.values())\n", "    allowed = frozenset(listed)\n",
            "tests/privacy/test_doors.py::TestInitials::test_nobody_else_gets_them"),
    Control("what is sent is what was consented to", "spean/privacy/doors.py",
            "        allowed = consent.covered_by(rows, recipient_org, purpose, asked, clock.today())",
            "        allowed = asked",
            "tests/privacy/test_doors.py::TestShare::test_passes_on_the_intersection_and_keeps_a_receipt"),
    Control("sharing stops without a witness", "spean/privacy/doors.py",
            "    if witness.silent():", "    if False:",
            "tests/privacy/test_witness.py::TestHavingSome::test_after_a_day_of_silence_nothing_is_shared_and_a_voice_ends_it"),
    Control("ciphertext is bound to person, field and row", "spean/privacy/crypto.py",
            "_bind(b\"spean sealed field\", subject.bytes, label.encode(), row_id.bytes, bytes([version]))",
            "_bind(b\"spean sealed field\", bytes([version]))",
            "tests/privacy/test_crypto.py::test_a_ciphertext_moved_elsewhere_does_not_open"),
    Control("lengths are padded", "spean/privacy/crypto.py", "SHORT_STEP = 64", "SHORT_STEP = 1",
            "tests/privacy/test_dump.py::test_lengths_tell_nothing_about_names"),
    Control("a destroyed key is gone", "spean/privacy/vault.py",
            "            row.wrapped, row.destroyed_at = None, clock.now()",
            "            row.destroyed_at = clock.now()",
            "tests/privacy/test_vault.py::TestDestroying::test_leaves_a_proof_and_nothing_readable"),
    Control("an exclusion wins over everything", "spean/access/policy/exclusions.py",
            "lifted_at__isnull=True\n    )\n\n\ndef not_excluded",
            "lifted_at__isnull=False\n    )\n\n\ndef not_excluded",
            "tests/access/test_policy.py::test_excluded_organisation_sees_nothing"),
    Control("what has ended opens nothing", "spean/access/policy/relations.py",
            "{f\"{prefix}until_at__isnull\": True}) | Q(**{f\"{prefix}until_at__gt\": now})",
            "{f\"{prefix}from_at__lte\": now})",
            "tests/access/test_policy.py::test_ended_involvement_closes_on_the_next_request"),
    Control("the page and the list ask the same question", "spean/access/policy/questions.py",
            "    return rows.filter(allowed & not_excluded(user, model))", "    return rows",
            "tests/access/test_policy.py::test_strangers_see_no_row_of_a_case"),
    Control("the log verifies every row", "spean/privacy/leaves.py",
            "    return leaf_hash(encode(row))", "    return leaf_hash(encode(row)[:40])",
            "tests/privacy/test_leaves.py::test_a_change_in_any_column_changes_the_hash"),
    Control("a fork is not cosigned", "spean/privacy/witness.py",
            "        if not sound:\n", "        if False:\n",
            "tests/privacy/test_witness.py::TestBeingOne::test_another_history_of_the_same_log_is_refused_and_noted"),
    Control("a second factor is asked of everybody", "spean/access/models.py",
            "        return bool(self.roles)", "        return False",
            "tests/access/test_pages.py::test_every_role_needs_a_second_step"),
    Control("a session ends", "spean/access/middleware.py",
            "    return now - seen > IDLE or now - started > longest(user) or ahead", "    return False",
            "tests/access/test_sign_in.py::TestHowLongASessionLasts::test_it_ends_after_half_an_hour_of_silence"),
    Control("no second one can use a one-time link", "spean/access/links.py",
            "    if link.used_at is not None or ", "    if ",
            "tests/access/test_sign_in.py::TestLinks::test_a_link_works_once"),
    Control("the second administrator is another person", "spean/access/policy/relations.py",
            "            ~Q(requested_by_id=user.pk) & (Q(user_id__isnull=True) | ~Q(user_id=user.pk))",
            "            Q(pk__isnull=False)",
            "tests/access/test_changes.py::TestOneAlone::test_he_cannot_confirm_what_he_asked_for"),
    Control("emergency access lasts four hours", "spean/privacy/emergency.py",
            "LASTS = timedelta(hours=4)", "LASTS = timedelta(hours=40)",
            "tests/cases/test_emergency.py -k test_it_ends_after_four_hours"),
    Control("the second person of an emergency works elsewhere", "spean/cases/emergency.py",
            "    if second.pk == actor.pk or _organisations(second) & _organisations(actor):", "    if False:",
            "tests/cases/test_emergency.py -k test_never_the_same_person_and_never_the_same_organisation"),
    Control("both show a fresh second factor", "spean/cases/emergency.py",
            "    if proven_at is None or not now - emergency.FRESH < proven_at <= now + timedelta(seconds=5):",
            "    if False:", "tests/cases/test_emergency.py -k test_both_prove_who_they_are_within_five_minutes"),
    Control("where somebody is can be asked for only for a life", "spean/cases/emergency.py",
            "        if facts.get(\"reason\") != DANGER_TO_LIFE:", "        if False:",
            "tests/cases/test_emergency.py -k test_only_while_a_life_is_in_danger"),
    Control("a legal hold keeps what is held", "spean/cases/erasure.py",
            "    return _standing(erasure.case)\n", "    return []\n", "tests/cases/test_erasure.py::TestHolds"),
    Control("a hold keeps documents", "spean/cases/attaching.py", "        if holds_on(row.case):", "        if False:",
            "tests/cases/test_documents.py::TestGone::test_nothing_is_taken_away_while_a_hold_stands"),
    Control("one person does not erase alone", "spean/cases/erasure.py",
            "    if erasure.requested_by_id == actor.pk:", "    if False:",
            "tests/cases/test_erasure.py::TestTwoOfficers -k test_not_the_same_person_in_another_role"),
    Control("an erasure destroys the keys", "spean/cases/erasure.py",
            "    for subject in gone:\n        vault.destroy_key(subject)\n", "    pass\n",
            "tests/cases/test_erasure.py::TestTheWay -k test_destroys_the_key_keeps_the_codes_and_proves_it"),
    Control("the proof of an erasure is what the key vault says", "spean/cases/erasure_pages.py",
            "    if row.erased_at is None or vault.living(row.subjects):", "    if row.erased_at is None:",
            "tests/cases/test_erasure_pages.py::test_the_proof_is_the_key_vaults_and_not_the_rows"),
    Control("a destroyed key leaves the file of its table", "spean/privacy/vault.py",
            "        cursor.execute(f\"VACUUM (FULL) {TABLE}\")", "        pass",
            "tests/privacy/test_really_gone.py -k test_the_bytes_leave_the_file_and_everybody_else_stays"),
    Control("a key that is missing stops the change of the KEK", "spean/privacy/rotation.py",
            "    if missing:\n", "    if False:\n",
            "tests/privacy/test_rotation.py::test_refuses_while_a_key_in_use_is_not_at_hand"),
    Control("one custodian finds a box in a box", "spean/privacy/escrow.py",
            "        within = seal_box(kek, inner, _bound(kek_id, outer, inner, \"inner\"))", "        within = kek",
            "tests/privacy/test_escrow.py -k test_the_drill"),
    Control("chunks of a file keep their places", "spean/privacy/crypto.py",
            "    place = index.to_bytes(4, \"big\") + count.to_bytes(4, \"big\")", "    place = b\"\"",
            "tests/cases/test_documents.py::TestSealed::test_chunks_cannot_change_places_be_left_out_or_repeated"),
    Control("no upload touches the disk in clear", "config/settings.py",
            "FILE_UPLOAD_HANDLERS = [\"spean.cases.uploads.InMemory\"]\n", "\n",
            "tests/cases/test_documents.py -k test_no_page_but_one_keeps_an_upload_and_nothing_touches_the_disk"),
    Control("a document is a download and no page", "spean/cases/document_pages.py",
            "f'attachment; filename=", "f'inline; filename=",
            "tests/cases/test_documents.py::TestUploading::test_a_download_is_harmless_and_tells_nothing"),
    Control("a photograph loses where it was taken", "spean/lib/pictures.py",
            "        if not _is_note(marker, segment):", "        if True:",
            "tests/lib/test_pictures.py::test_a_photograph_loses_where_it_was_taken"),
    Control("above twenty persons a second one approves", "spean/exchange/actions.py",
            "    if export.persons > ALONE_AT_MOST and export.status != \"approved\":", "    if False:",
            "tests/exchange/test_actions.py::TestHowItIsMade::test_above_twenty_persons_a_second_one_approves"),
    Control("a submission is carried out once", "spean/workflow/engine.py",
            "            claim(once, verb, obj, actor)\n", "            pass\n",
            "tests/detection/test_views.py -k test_a_form_sent_twice_begins_one_case"),
    Control("the second of two is told what changed", "spean/workflow/engine.py",
            "            if version is not None and version != locked.version:", "            if False:",
            "tests/referral/test_inbox.py::test_the_second_of_two_is_told_what_the_first_did"),
    Control("nothing from other sites, no inline script", "config/settings.py",
            "        \"script-src\": [SELF],", "        \"script-src\": [SELF, \"'unsafe-inline'\"],",
            "tests/web/test_headers.py::test_every_class_of_answer"),
    # Promises that had no row: writes that survive, who may not be shut out too late, who is told, who is not traced.
    Control("what is confirmed is on the disk", "spean/run/embedded.py",
            "synchronous_commit = on", "synchronous_commit = off",
            "tests/run/test_embedded.py::test_settings_of_the_server", anew=True),
    Control("names are sealed under a key that needs the KEK", "spean/privacy/crypto.py",
            "    return bytes([FORMAT]) + nonce + AESGCM(kek).encrypt(nonce, data_key, bound)",
            "    return bytes([FORMAT]) + nonce + data_key + bytes(16)",
            "tests/privacy/test_crypto.py::test_a_wrapped_key_opens_only_for_its_person_and_its_kek"),
    Control("a copy of the key vault is gone after 30 days", "spean/run/backup.py",
            "KEYS_KEPT = timedelta(days=30)", "KEYS_KEPT = timedelta(days=36)",
            "tests/run/test_backup.py::test_a_copy_of_the_vault_is_gone_after_thirty_days"),
    Control("an altered backup is refused", "spean/run/backup.py",
            "        if digest.hexdigest() != part.sha256:", "        if False:",
            "tests/run/test_backup.py::test_altered_cut_and_mixed_up_files_are_refused_before_anything_is_touched"),
    Control("who was shut out is out on the next request", "spean/access/models.py",
            "return self._memberships if self.is_active else []", "return self._memberships",
            "tests/access/test_policy.py::test_inactive_user_and_inactive_organisation_may_nothing"),
    Control("an invented person that is opened raises an alert", "spean/privacy/events.py",
            "    alerts.watch(rows)\n", "    del rows\n", "tests/privacy/test_alerts.py"),
    Control("nobody told, no emergency access", "spean/cases/emergency.py",
            "    if not users:\n        raise CannotTell(", "    if False:\n        raise CannotTell(",
            "tests/cases/test_emergency.py -k test_nobody_to_tell_no_access"),
    Control("network addresses are not stored", "spean/access/adapters.py",
            "        return pseudonym(super().get_client_ip(request))", "        return super().get_client_ip(request)",
            "tests/access/test_sign_in.py::TestLimits::test_addresses_are_never_stored"),
    Control("lines of the program repeat nothing that was typed", "spean/run/logs.py",
            "            record.msg = \"refused a request\"\n", "            pass\n",
            "tests/run/test_logs.py::test_what_django_refuses_is_not_repeated"),
    Control("the log can only grow", "spean/privacy/rights.py",
            "            cursor.execute(f\"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {name}\")", "            pass",
            "tests/privacy/test_events.py::test_the_application_has_no_right_to_change_the_log", anew=True),
    Control("a page asked for and refused is in the log", "spean/access/pages.py",
            "            events.record(\"page.refused\"", "            (lambda *_a, **_k: None)(\"page.refused\"",
            "tests/access/test_pages.py::test_what_is_refused_is_in_the_log_whether_it_exists_or_not"),
    Control("guessed passwords are refused", "spean/access/passwords.py",
            "        if any(core in known or core in _common() for core in cores(password, known)):", "        if False:",
            "tests/access/test_passwords.py::test_the_pages_ask"),
    Control("another proof ends the old key of a session", "spean/access/proofs.py",
            "    request.session.cycle_key()\n", "", "tests/access/test_sign_in.py::TestSessionKey::test_by_password"),
    Control("cookies belong to this host alone", "config/settings.py",
            "COOKIE_PREFIX = \"__Host-\" if PUBLIC_HOSTS else \"\"", "COOKIE_PREFIX = \"\"",
            "tests/access/test_sign_in.py::test_with_a_public_host_everything_asks_for_tls"),
    Control("a database elsewhere proves who it is", "spean/run/databases.py",
            "        options.setdefault(\"sslmode\", \"verify-full\")", "        pass",
            "tests/run/test_state.py::TestProductionAddresses"),
)  # fmt: skip


def run(*, quick: bool = False) -> list[Result]:
    """All rows, four with `quick`; only those whose promise holds one of the texts of SPEAN_CONTROLS (`a|b`)."""
    with stage.scratch() as folder:
        copy = folder / "project"
        _copy(copy)
        found = []
        wanted = os.environ.get("SPEAN_CONTROLS", "").split("|")
        chosen = [control for control in CONTROLS if any(text in control.promise for text in wanted)]
        for control in chosen[:4] if quick else chosen:
            result = _without(control, copy)
            print("   ", control.promise, "–", result.measured, flush=True)
            found.append(result)
        return found


def _copy(place: Path) -> None:
    """What is under version control or soon will be, as it lies here."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True).stdout.decode()
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
    if control.anew:
        shutil.rmtree(copy / "var", ignore_errors=True)
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-n0", "-x", "-p", "no:randomly", *control.tests.split()]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, env=_environment())
    finally:
        file.write_text(whole, encoding="utf-8")
        if control.anew:
            shutil.rmtree(copy / "var", ignore_errors=True)
    noticed = done.returncode == 1 and " failed" in done.stdout
    failed = next((line.split(" ")[1] for line in done.stdout.splitlines() if line.startswith("FAILED ")), "")
    test = failed.rsplit("::", 1)[-1] or done.stdout.strip().splitlines()[-1:]
    return Result("controls", said, f"by {test}" if noticed else "NOT noticed", "noticed", noticed)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SPEAN_")}
