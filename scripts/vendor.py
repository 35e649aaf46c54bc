"""Rebuild `spean/web/static/spean/vendor` from the packages pinned in package-lock.json.

Needs Node once, on the machine of whoever updates the front end. The results are committed, so that
installing and running Spean needs no Node.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "spean" / "web" / "static" / "spean" / "vendor"

# Only the subsets and weights that the style sheet names: each file costs every phone its bytes.
FONTS = (
    ("noto-sans", "noto-sans-latin-400-normal.woff2"),
    ("noto-sans", "noto-sans-latin-700-normal.woff2"),
    ("noto-sans-khmer", "noto-sans-khmer-khmer-400-normal.woff2"),
    ("noto-sans-khmer", "noto-sans-khmer-khmer-700-normal.woff2"),
)


def run(*command: str) -> None:
    """Run a tool at the root of the checkout; its failure is ours."""
    subprocess.run(command, cwd=ROOT, check=True)


def version(package: str) -> str:
    """The installed version of a package, for the note beside the copied files."""
    return str(json.loads((MODULES / package / "package.json").read_text())["version"])


def main() -> int:
    npm = shutil.which("npm")
    if npm is None:
        sys.stderr.write("npm is needed to rebuild the vendored files; running Spean does not need it.\n")
        return 1
    run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")

    shutil.rmtree(VENDOR, ignore_errors=True)
    (VENDOR / "govuk").mkdir(parents=True)
    (VENDOR / "fonts").mkdir()

    run(
        str(MODULES / ".bin" / "sass"),
        "--load-path=node_modules",
        "--style=compressed",
        "--no-source-map",
        "spean/web/scss/govuk.scss",
        str(VENDOR / "govuk" / "govuk.min.css"),
    )
    shutil.copy(ROOT / "spean" / "web" / "scss" / "LICENCE-govuk-frontend.txt", VENDOR / "govuk" / "LICENCE.txt")
    for package, name in FONTS:
        source = MODULES / "@fontsource" / package
        shutil.copy(source / "files" / name, VENDOR / "fonts" / name)
        shutil.copy(source / "LICENSE", VENDOR / "fonts" / f"LICENCE-{package}.txt")

    lines = [f"{package} {version(package)}" for package in ("govuk-frontend", *("@fontsource/" + f for f, _ in FONTS))]
    (VENDOR / "VERSIONS.txt").write_text("\n".join(dict.fromkeys(lines)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
