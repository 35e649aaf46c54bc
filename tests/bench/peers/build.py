"""Fetches the peers with npm and bundles a page of each with Vite, in a folder outside the checkout.

They are no part of the project and no dependency of it: exact versions stand here, the packages come from wherever
this machine's npm is told to look.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGES = Path(__file__).resolve().parent / "pages"
VERSIONS = {
    "@getodk/web-forms": "0.22.0", "vue": "3.5.45",
    "enketo-core": "9.0.1", "enketo-transformer": "4.2.0", "sass": "1.108.2",
    "vite": "8.3.8",
}  # fmt: skip
# Enketo names a commit on a forge and a version that is not to be had; these are the nearest that are published.
OVERRIDES = {"leaflet-draw": "1.0.4", "openrosa-xpath-evaluator": "3.1.0"}
# This style sheet names its neighbour by its place in Enketo's own repository.
ASTRAY = "node_modules/enketo-core/src/widget/date/datepicker-extended.scss"
ASTRAY_FROM, ASTRAY_TO = "'/packages/enketo-core/node_modules/bootstrap-datepicker/", "'bootstrap-datepicker/"


class Unavailable(RuntimeError):
    """The peers cannot be built here; the message says in one line why."""


def package() -> dict[str, Any]:
    """The package.json of the peers: exact versions, and no address."""
    return {
        "name": "spean-bench-peers", "private": True, "type": "module",
        "dependencies": VERSIONS, "overrides": OVERRIDES,
    }  # fmt: skip


def build(folder: Path) -> dict[str, list[str]]:
    """Build the peers in a folder; gives for each page its files under dist/, the first one first.

    A folder that already has these versions fetches nothing again. Raises Unavailable.
    """
    if folder.resolve().is_relative_to(PAGES.parents[3]):
        raise Unavailable("their folder would be inside the checkout")
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise Unavailable(f"{tool} is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = json.dumps(package(), indent=2)
    there = folder / "package.json"
    if not (folder / "node_modules" / "vite").is_dir() or not there.is_file() or there.read_text() != wanted:
        there.write_text(wanted)
        # No script of a stranger runs while it is being installed.
        _run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], folder)
    astray = folder / ASTRAY
    astray.write_text(astray.read_text().replace(ASTRAY_FROM, ASTRAY_TO))
    for page in PAGES.iterdir():
        shutil.copy(page, folder)
    _run(["node", "node_modules/vite/bin/vite.js", "build", "--logLevel", "error"], folder)
    manifest = json.loads((folder / "dist" / ".vite" / "manifest.json").read_text())
    return {name: _files(manifest, f"{name}.js") for name in ("web_forms", "enketo", "transform")}


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise Unavailable(f"{' '.join(command[:3])} failed: {said[-1]}")


def _files(manifest: dict[str, Any], entry: str) -> list[str]:
    """What a page fetches at once, style sheets after scripts; chunks that it fetches later are not among it."""
    found: list[str] = []
    styles: list[str] = []

    def walk(name: str) -> None:
        chunk = manifest[name]
        if chunk["file"] not in found:
            found.append(chunk["file"])
            styles.extend(chunk.get("css", ()))
            for other in chunk.get("imports", ()):
                walk(other)

    walk(entry)
    return [*found, *styles]
