"""The drill: a backup proves itself by being restored, into a scratch installation that is thrown away.

It runs `spean restore` itself, in a process of its own, so that what is practised is what will be done.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from spean.run import state
from spean.run.restore import Report, Wanted
from spean.run.state import SetupFault

KEPT = "drills"
# What would lead the scratch installation to the real databases.
REAL = (
    "DATABASE_URL", "KEYS_DATABASE_URL", "DATABASE_OWNER_URL", "KEYS_DATABASE_OWNER_URL", "DJANGO_SETTINGS_MODULE",
    "SPEAN_FOLLOW_PARENT",
)  # fmt: skip


@dataclass(frozen=True)
class Drill:
    report: Report | None
    fault: str


def in_scratch(wanted: Wanted) -> Drill:
    """Restore beside the real installation and throw it away again, whatever comes out."""
    from django.conf import settings

    folder = Path(tempfile.mkdtemp(prefix="drill-", dir=state.directory()))
    try:
        environment = {key: value for key, value in os.environ.items() if key not in REAL}
        environment |= {
            "SPEAN_STATE": str(folder / "state"),
            "SPEAN_KEK_FILE": str(settings.SPEAN_KEK_FILE),
            "SPEAN_LOG_KEY_FILE": str(settings.SPEAN_LOG_KEY_FILE),
            "SPEAN_EARLIER_KEK_FILES": os.pathsep.join(map(str, settings.SPEAN_EARLIER_KEK_FILES)),
        }
        report = folder / "report"
        done = subprocess.run(
            [sys.executable, "-m", "spean", "restore", *_words(wanted), "--report", str(report)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no message"]
            return Drill(None, lines[-1].removeprefix("spean: "))
        return Drill(Report.from_json(report.read_text()), "")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _words(wanted: Wanted) -> list[str]:
    words = [str(wanted.records_in), "--keys-dir", str(wanted.keys_in)]
    words += ["--identity", str(wanted.identity), "--keys-identity", str(wanted.keys_identity)]
    if wanted.stamp:
        words += ["--set", wanted.stamp]
    if wanted.older_keys:
        words.append("--older-keys")
    for path in wanted.erased_in:
        words += ["--erased-in", str(path)]
    return words


def note(drill: Drill) -> Path | None:
    """Keep the result: as a row of the log, which reminds the administrator, and with its figures as a file."""
    from spean.lib import clock
    from spean.privacy import events, kept

    report = drill.report
    if report is None:
        events.record(kept.FAILED, actor=None)
        return None
    rows = sum(there for _, there in report.tables.values())
    facts = {"set": report.records, "rows": rows, "seconds": round(report.seconds["all"])}
    events.record(kept.PASSED, actor=None, facts=facts)
    file = state.directory() / KEPT / f"{clock.now():%Y%m%dT%H%M%SZ}.json"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.write_text(report.to_json())
    return file


def table(report: Report) -> str:
    """The figures of a restore, for a person to read and sign."""
    lines = [f"Records of {report.records}, key vault of {report.keys}, {report.bytes / 1e6:,.1f} MB sealed", ""]
    wide = max(map(len, report.tables), default=5)
    lines.append(f"{'table':<{wide}}  {'in backup':>10}  {'restored':>10}")
    lines += [f"{name:<{wide}}  {due:>10,}  {there:>10,}" for name, (due, there) in sorted(report.tables.items())]
    lines += [
        "",
        f"uploads              {report.files:,} files",
        f"log                  {report.log_rows:,} rows proved, {report.unwitnessed:,} after the last checkpoint",
        f"sealed value opened  {'yes' if report.canary else 'NO'}",
        f"persons without key  {report.without_key:,}",
        f"keys destroyed again {report.destroyed_again:,}",
        "",
        *(f"{name:<24} {seconds:8.1f} s" for name, seconds in report.seconds.items()),
    ]
    return "\n".join(lines)


def require_identity(path: Path) -> None:
    if not path.is_file():
        raise SetupFault(f"There is no key at {path}. Bring the offline key; it is not kept on the server.")
