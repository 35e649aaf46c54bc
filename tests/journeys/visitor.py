"""Somebody at a browser. Each page that opens is examined at once, and a picture of it is kept.

Examined: accessibility (axe-core), the language it says it is in, that nothing is cut off at 360 pixels, that the
console is silent, and what it weighed on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, ConsoleMessage, Page

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text()
PICTURES = ROOT / "var" / "screenshots"
PHONE = {"width": 360, "height": 740}
FIRST_LOAD, LATER = 120 * 1024, 20 * 1024
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations']}"
FAULTS = f"axe.run(document, {RULES}).then(found => found.violations.map("
FAULTS += "one => one.id + ': ' + one.nodes.map(node => node.target + ' ' + node.failureSummary).join(' | ')))"
OVERFLOW = (
    "[...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1"
    " && getComputedStyle(one).position !== 'absolute').map(one => one.outerHTML.slice(0, 120)).slice(0, 3)"
    ".concat(document.documentElement.scrollWidth > innerWidth ? ['page ' + document.documentElement.scrollWidth] : [])"
)
NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/link/).*")


class Visitor:
    """A browser with cookies of its own. `open` goes to an address, `fill` types, `send` presses the button."""

    def __init__(
        self, browser: Browser, server: str, journey: str, *, who: str = "", number: int = 0, language: str = "en",
        scripts: bool = True, width: int = 360,
    ) -> None:  # fmt: skip
        self.server, self.language, self.scripts, self.width = server, language, scripts, width
        self.folder = PICTURES / journey.removeprefix("test_")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.number, self.count = number, 0
        self.weights: list[tuple[str, int]] = []
        self.faults: list[str] = []
        # What a browser fetches once and keeps: style sheet, script, fonts.
        self.kept: set[str] = set()
        self.luggage = 0
        # What the engine of instruments and one definition may weigh beside, where a journey uses them.
        self.engine = 0
        self.context = browser.new_context(
            viewport={**PHONE, "width": width},  # type: ignore[typeddict-item]
            locale="en-GB", java_script_enabled=scripts, reduced_motion="reduce",
        )  # fmt: skip
        self.context.set_default_timeout(120_000)
        self.new_tab()

    def new_tab(self) -> None:
        """A fresh tab with the cookies of the old one."""
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.weight = 0
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.wire = self.context.new_cdp_session(self.page)
        self.wire.send("Network.enable")
        self.asked: dict[str, str] = {}
        self.wire.on(
            "Network.requestWillBeSent", lambda event: self.asked.update({event["requestId"]: event["request"]["url"]})
        )
        self.wire.on("Network.loadingFinished", self._weigh)

    def leave(self) -> list[str]:
        """Close the browser; what was wrong with the pages."""
        self.context.close()
        return list(dict.fromkeys(self.faults))

    # -- Going --------------------------------------------------------------------------------

    @property
    def at(self) -> str:
        return urlsplit(self.page.url).path

    @property
    def text(self) -> str:
        return self.page.inner_text("body")

    def open(self, address: str, *, refused: int = 0) -> None:
        """Type an address. `refused` is the status that is expected instead of a page."""
        self._before()
        answer = self.page.goto(self.server + address)
        assert answer is not None
        assert answer.status == (refused or 200), (answer.status, address)
        self.look(refused=bool(refused))

    def click(self, selector: str, *, refused: bool = False) -> None:
        """Press a link or button that leads to another page."""
        self._before()
        with self.page.expect_navigation():
            self.page.locator(selector).locator("visible=true").first.click()
        self.look(refused=refused)

    def press(self, key: str) -> None:
        """Press a key that leads to another page."""
        self._before()
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        self.look()

    def send(self, selector: str = "main form button.govuk-button", *, refused: bool = False) -> None:
        """Press the button of the form."""
        self.click(selector, refused=refused)

    def follow(self, part: str) -> None:
        """Press the first link of the page whose address ends so."""
        self.click(f'main a[href$="{part}"], main form[action$="{part}"] button')

    def answer(self, fields: dict[str, Any], button: str = "main form button.govuk-button") -> None:
        """Fill in the form and send it."""
        self.fill(fields)
        self.send(button)

    def fill(self, fields: dict[str, Any]) -> None:
        """Type, choose and tick by the names of the fields, as a finger would: on what one sees."""
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                self._put(name, one)

    def _put(self, name: str, value: Any) -> None:
        named = self.page.locator(f'main [name="{name}"]')
        kind = named.first.evaluate("one => one.type")
        if kind not in ("radio", "checkbox"):
            if kind == "select-one":
                named.select_option(value)
            else:
                named.fill(value)
            return
        chosen = named if value is True else self.page.locator(f'main [name="{name}"][value="{value}"]')
        if not chosen.is_checked():
            chosen.click()
        assert chosen.is_checked(), (name, value)

    # -- Looking ------------------------------------------------------------------------------

    def look(self, *, refused: bool = False) -> None:
        """Examine the page that just opened. Faults are gathered, so that one run names them all."""
        self.page.wait_for_load_state()
        if self.scripts:
            self._run("document.fonts.ready.then(() => 1)")
        self._picture()
        self.weights.append((self.at, self.weight))
        if self.weight > LATER:
            self.faults.append(f"{self.at} weighs {self.weight} bytes, more than {LATER}.")
        if self.luggage + self.weight > FIRST_LOAD + self.engine:
            most = FIRST_LOAD + self.engine
            self.faults.append(f"{self.at} weighs {self.luggage + self.weight} bytes at first, more than {most}.")
        # The console repeats the status of a page that is refused on purpose.
        told = [line for line in self.said if not (refused and "Failed to load resource" in line)]
        self.faults += [f"{self.at} says in the console: {line}" for line in told]
        spoken = self._run("document.documentElement.lang")
        if spoken != self.language:
            self.faults.append(f"{self.at} is in “{spoken}”, not in “{self.language}”.")
        self._examine()

    def _examine(self) -> None:
        if self.width != PHONE["width"]:
            self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        self.faults += [f"{self.at} is wider than a phone: {found}" for found in self._run(OVERFLOW)]
        if self.width != PHONE["width"]:
            self.page.set_viewport_size({**PHONE, "width": self.width})  # type: ignore[typeddict-item]
        with self._examining() as wire:
            self._run(AXE + ";1", wire)
            self.faults += [f"{self.at} axe-core: {found}" for found in self._run(FAULTS, wire)]

    @contextmanager
    def _examining(self) -> Iterator[CDPSession]:
        """Where axe-core runs: here, or where no script may, in a second browser that is given the same markup."""
        if self.scripts:
            yield self.wire
            return
        assert self.context.browser is not None
        with self.context.browser.new_context(viewport=PHONE) as other:  # type: ignore[arg-type]
            page, markup = other.new_page(), self.page.content()
            page.route("**/*.js", lambda route: route.abort())
            page.route(self.page.url, lambda route: route.fulfill(body=markup, content_type="text/html; charset=utf-8"))
            page.goto(self.page.url)
            yield other.new_cdp_session(page)

    def _run(self, expression: str, wire: CDPSession | None = None) -> Any:
        """Past the content security policy, which would rightly refuse it."""
        done = (wire or self.wire).send(
            "Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True}
        )
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def _picture(self) -> None:
        self.count += 1
        place = NUMBERS.sub("", self.at).replace("/", "-").replace("--", "-").strip("-") or "home"
        self.page.screenshot(path=self.folder / f"{self.number}-{self.count:02}-{place}.png", full_page=True)

    def _before(self) -> None:
        self.said.clear()
        self.weight = 0

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(message.text)

    def _weigh(self, event: dict[str, Any]) -> None:
        """What is fetched for the first time and kept counts once; everything else counts for its page."""
        address, size = self.asked.get(event["requestId"], ""), int(event["encodedDataLength"])
        if "/static/" in address and address not in self.kept:
            self.kept.add(address)
            self.luggage += size
        else:
            self.weight += size
