"""A phone with our own app in a real browser: joins, unlocks, answers, finishes, and can be put offline or killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spean.access.models import User
from spean.exchange import taking_in
from spean.field import devices
from tests.detection.walk import STRONG
from tests.journeys.visitor import AXE, FAULTS, OVERFLOW, PICTURES

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

PIN = "Kampot-2718"
NEXT = "main button.instrument-next"
SECRET = "Kanariename"
TOLD = "told_interview told_purpose told_uses told_research told_access told_retention told_withdrawal"


STORED = """([store, key]) => new Promise((done) => {
    const asked = indexedDB.open('notes')
    const end = (found) => { asked.result.close(); done(found) }
    asked.onsuccess = () => {
        if (!asked.result.objectStoreNames.contains(store)) return end([])
        const there = asked.result.transaction(store).objectStore(store)
        const got = key ? there.get(key) : there.getAll()
        const short = (one) => ({ ...one, body: one.body?.length ?? 0, about: Boolean(one.about) })
        got.onsuccess = () => end((key ? [got.result].filter(Boolean) : got.result).map(short))
    }
})"""


class Handset:
    """One phone. `secret` is what the person says of herself: it must be nowhere in the open."""

    def __init__(self, context: BrowserContext, server: str) -> None:
        self.context, self.server = context, server
        context.set_default_timeout(60_000)
        self.faults: list[str] = []
        self.count = 0
        self.page: Page = context.pages[0] if context.pages else context.new_page()
        self.listen(self.page)

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if "Content Security" in said.text else None)

    # -- beginning ----------------------------------------------------------------------------

    def join(self, user: User) -> None:
        _row, code = devices.show_code(user)
        self.page.goto(f"{self.server}/field/#c={code}")
        self.choose_pin()
        self.ready()

    def choose_pin(self) -> None:
        self.page.fill("#pin", PIN)
        self.page.fill("#again", PIN)
        self.page.click("main form button")
        self.home()

    def ready(self) -> None:
        """The service worker keeps everything, and the pack is there: from here on no network is needed."""
        self.page.evaluate("navigator.serviceWorker.ready")
        self.until(lambda: self.page.evaluate("caches.keys().then((names) => names.length > 0)"))
        self.until(lambda: bool(self.stored("state", "pack")))

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for what the page says only when it is asked; what never happens is a fault."""
        for _ in range(2400):
            if true():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("this never happened")

    def stored(self, store: str, key: str = "") -> list[dict[str, Any]]:
        """What lies in a store, as it lies there; of sealed bytes, how many."""
        found: list[dict[str, Any]] = self.page.evaluate(STORED, [store, key])
        return found

    def open(self) -> None:
        self.page.goto(f"{self.server}/field/")

    def unlock(self, pin: str = PIN) -> None:
        self.page.fill("#pin", pin)
        self.page.click("main form button")
        self.home()

    def home(self) -> None:
        self.page.wait_for_selector("main .govuk-button:has-text('first_responder'), main h2")

    # -- answering ----------------------------------------------------------------------------

    def tap(self, **answers: str) -> None:
        for name, value in answers.items():
            for one in value.split():
                self.page.locator(f'main [id$="/{name}-{one}"]').check()

    def write(self, name: str, words: str) -> None:
        self.page.fill(f'main [id^="f-"][id$="/{name}"]', words)

    def onward(self) -> None:
        self.page.click(NEXT)

    def begin(self, number: int = 0) -> None:
        self.page.locator("main > .govuk-button").nth(number).click()
        self.page.wait_for_selector(NEXT)

    def first_pages(self, secret: str = SECRET) -> None:
        self.tap(private_place="yes", interpreter_kind="none")
        self.onward()
        self.write("stated_name", secret)
        self.write("age", "25")
        self.tap(age_disputed="no", sex="female")

    def rest_of_screening(self) -> None:
        self.onward()
        self.tap(acts="recruitment")
        self.onward()
        self.tap(forms="ForcedLabour", exploitation="labour")
        self.onward()
        for numbers in (range(1, 7), range(7, 13)):
            for number in numbers:
                self.tap(**{f"FR{number:02}": STRONG.get(f"FR{number:02}", "declined")})
            self.onward()
        self.onward()
        self.onward()
        self.page.wait_for_selector('main [id^="f-told/"]')

    def yes(self) -> None:
        """What follows the screening, to the last page."""
        self.yes_until_told()
        self.tap(
            told_points=TOLD,
            classes="identity narrative",
            evidence="thumbprint",
            consent_language="km",
            interpreter="none",
        )
        self.onward()
        self.page.locator('main [id^="f-referral/to-"]').first.check()
        self.tap(urgent_today="yes")

    def yes_until_told(self) -> None:
        self.tap(rights_method="read_aloud", rights_language="km", understood="yes")
        self.onward()
        self.tap(needs="shelter", direct_help="leaflet")
        self.onward()
        self.tap(says="yes")
        self.onward()

    def report(self, secret: str = SECRET) -> None:
        """All of it, from the first question until it is sealed."""
        self.begin()
        self.first_pages(secret)
        self.rest_of_screening()
        self.yes()
        self.onward()
        self.page.wait_for_selector("text=Sealed on this phone")

    # -- looking ------------------------------------------------------------------------------

    def queue(self) -> list[dict[str, Any]]:
        """What waits, as it lies there: without bodies, but with whether there is one."""
        return self.stored("queue")

    def arrived(self, count: int = 1) -> None:
        """Nothing waits on the phone; then the server's worker does its part."""
        self.until(lambda: sum(not one.get("body") for one in self.queue()) == count)
        taking_in.work_off()

    def learned(self) -> None:
        """The phone has heard what became of everything."""
        self.page.evaluate("dispatchEvent(new Event('online'))")
        self.until(lambda: all(one["state"] not in ("waiting", "arrived") for one in self.queue()))

    def examine(self) -> None:
        """Accessibility, and nothing cut off: in a world of its own, past the policy for scripts."""
        wire = self.context.new_cdp_session(self.page)
        self.count += 1
        folder = PICTURES / "field" / str(self.page.evaluate("document.documentElement.lang"))
        self.page.screenshot(path=folder / f"{self.count:02}.png", full_page=True)

        def run(text: str) -> Any:
            asked = {"expression": text, "awaitPromise": True, "returnByValue": True}
            return wire.send("Runtime.evaluate", asked)

        run(AXE + ";1")
        for text in (FAULTS, OVERFLOW):
            done = run(text)
            assert "exceptionDetails" not in done, done
            self.faults += [f"{self.page.inner_text('h1')}: {found}" for found in done["result"]["value"]]
        wire.detach()


def readable(folder: Path, words: str) -> list[str]:
    """The files of a browser's profile in which these words stand, in either of the ways browsers write text."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            if any(words.encode(code) in data for code in ("utf-8", "utf-16-le")):
                found.append(path.name)
    return found
