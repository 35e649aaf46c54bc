"""Khmer and other catalogues: collect the words of the code, compile, and check that nothing is missing.

`collect` needs GNU gettext (xgettext); `compile` and `check` do not, so that neither a user nor the wheel needs it.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]
CATALOGUES = sorted((ROOT / "spean" / "web" / "locale").glob("*/LC_MESSAGES/django.po"))
LEFT_OUT = ("var", ".venv", "tests", "node_modules", "scripts", "dist")


def collect() -> int:
    """Bring the catalogues up to the words in code and templates."""
    ignore = [part for name in LEFT_OUT for part in ("-i", name)]
    languages = [part for path in CATALOGUES for part in ("-l", path.parents[1].name)]
    command = [sys.executable, "-m", "spean", "manage", "makemessages", *languages, "--no-wrap", "--no-obsolete"]
    # Without line numbers a catalogue changes only when words do.
    return subprocess.run([*command, "--add-location", "file", *ignore], cwd=ROOT, check=False).returncode


def compile_all() -> int:
    """Write the compiled catalogues beside their sources."""
    for path in CATALOGUES:
        polib.pofile(str(path)).save_as_mofile(str(path.with_suffix(".mo")))
    return 0


def check() -> int:
    """One line per fault: missing, unsure, a lost placeholder, or a compiled catalogue that is out of date."""
    faults = []
    for path in CATALOGUES:
        catalogue = polib.pofile(str(path))
        for entry in catalogue:
            where = f"{path.relative_to(ROOT)}: {entry.msgid[:60]!r}"
            texts = list(entry.msgstr_plural.values()) or [entry.msgstr]
            if entry.fuzzy or not all(texts):
                faults.append(f"{where} has no translation")
            for name in set(_placeholders(entry.msgid_plural or entry.msgid)):
                if any(name not in text for text in texts if text):
                    faults.append(f"{where} loses {name}")
        compiled = path.with_suffix(".mo")
        if not compiled.exists() or compiled.read_bytes() != catalogue.to_binary():
            faults.append(f"{compiled.relative_to(ROOT)} is out of date: make translations")
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


def _placeholders(text: str) -> list[str]:
    import re

    return re.findall(r"%\([a-z_]+\)[sd]", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("collect", "compile", "check"))
    return {"collect": collect, "compile": compile_all, "check": check}[parser.parse_args().what]()


if __name__ == "__main__":
    raise SystemExit(main())
