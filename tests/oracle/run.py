"""ODK's engine in a page: fetched once with npm, served from disk, driven by the browser that the journeys use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

HERE = Path(__file__).resolve().parent
ENGINE = HERE / "node_modules" / "@getodk" / "xforms-engine" / "dist"
OURS = HERE.parents[1] / "spean" / "instruments" / "static" / "instruments"
# The browser calls crypto only where it trusts the address; nothing listens there, every request is answered here.
ADDRESS = "http://oracle.localhost"
PAGE = '<!doctype html><title>oracle</title><script type="module" src="/walk.js"></script>'


def fetch() -> None:
    """Get the engine in the version of package-lock.json, with npm; as root on Debian, npm too."""
    if (ENGINE / "index.js").is_file():
        return
    if shutil.which("npm") is None and shutil.which("apt-get") and os.geteuid() == 0:
        quiet: dict[str, Any] = {
            "stdout": subprocess.DEVNULL,
            "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            "check": True,
        }
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "npm"], **quiet)
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm is needed once to fetch ODK's engine for this test; or leave it out with BROWSER=none.")
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True)


def open_page(browser: Browser) -> Page:
    """A page with `walk` in it. It reaches nothing but files of this checkout."""
    context = browser.new_context(timezone_id="UTC")
    page = context.new_page()

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        if path == "/":
            route.fulfill(body=PAGE, content_type="text/html")
            return
        folder, name = (
            (ENGINE, path[8:])
            if path.startswith("/oracle/")
            else (OURS, path[6:])
            if path.startswith("/ours/")
            else (HERE, path[1:])
        )
        file = (folder / name).resolve()
        if file.is_file() and file.is_relative_to(folder):
            route.fulfill(body=file.read_bytes(), content_type="text/javascript")
        else:
            route.fulfill(status=404)

    page.route("**/*", serve)
    page.on("pageerror", lambda error: sys.stderr.write(f"{error}\n"))
    page.goto(f"{ADDRESS}/")
    page.wait_for_function("window.ready === true")
    return page
