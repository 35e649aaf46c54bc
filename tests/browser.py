"""Finds the browser for the journeys, or gets one; run by `make test` before the tests.

Order: what SPEAN_BROWSER names, the system's Chromium or Chrome, Debian's package where we are root,
Playwright's own. BROWSER=none says that there is none; the journeys are then left out, and said so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
MAC = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)


def unwanted() -> bool:
    return os.environ.get("BROWSER") == "none"


def find() -> str | None:
    """The path of a browser that Playwright can drive, or None. SPEAN_BROWSER names a particular one."""
    named = os.environ.get("SPEAN_BROWSER")
    if named:
        return shutil.which(named)
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    return next((path for path in (*MAC, _own()) if path and Path(path).exists()), None)


def _own() -> str | None:
    """Where Playwright keeps the one it downloaded."""
    question = "from playwright.sync_api import sync_playwright as p\nwith p() as q: print(q.chromium.executable_path)"
    done = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True)
    return done.stdout.strip() or None


def _install() -> None:
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium from the system's packages …", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], **quiet)
    if find() is None:
        print("Installing Playwright's Chromium …", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], stdout=subprocess.DEVNULL)


def main() -> int:
    if unwanted():
        print("BROWSER=none: the browser journeys are left out of this run.")
        return 0
    if find() is None:
        _install()
    if find() is None:
        print(
            "No browser was found and none could be installed; install Chromium, "
            "or leave the journeys out with: make test BROWSER=none",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
