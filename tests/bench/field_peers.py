"""Our engine and app beside ODK Web Forms and Enketo: the same forms, phone and network, in one run.

Called by `python -m tests.bench.field --peers`. The machine is not quiet, so everybody takes turns, round after round,
and medians are told. ODK Central, the peer of the server, is not part of this: it needs Node, PostgreSQL and Java.
"""

import os
import tempfile
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import Error as PlaywrightError

from tests.bench.peers import build, forms, serve, site
from tests.bench.peers.table import Figures, count, kilobytes, megabytes, milliseconds, seconds
from tests.bench.slow_phone import FLAGS, FREE, PROCESSOR, SCREEN, network, slowed, timed

APP = "our app, PIN and joining included"
COLUMNS = {
    site.OURS: "our engine, its page",
    "app": APP,
    site.WEB_FORMS: f"Web Forms {build.VERSIONS['@getodk/web-forms']}",
    site.ENKETO: f"Enketo core {build.VERSIONS['enketo-core']}",
}
FREELY = "first question, no throttle"
SLOWLY = f"first question, processor ×{PROCESSOR}"
CONDITIONS = {
    FREELY: (1, FREE),
    SLOWLY: (PROCESSOR, FREE),
    f"first question, ×{PROCESSOR}, 400 kbit/s, 400 ms": (PROCESSOR, network(400, 400)),
    f"first question, ×{PROCESSOR}, 150 kbit/s, 500 ms": (PROCESSOR, network(150, 500)),
}
WIRE, HEAP, AXE = "bytes on the wire, cold", "JS heap after the first page", "axe-core, WCAG 2.1 A and AA: rules broken"
NODES = "elements in the page"
ANSWER, SLOWEST = f"one answer, ×{PROCESSOR}: median", f"one answer, ×{PROCESSOR}: 95 of 100 are below"
LONG, LONG_ANSWER = f"300 questions: first question, ×{PROCESSOR}", f"300 questions: one answer, ×{PROCESSOR}"
# So often each round; the first ones warm the page up and do not count.
ANSWERED, WARMING = 24, 4
# Until a page has come to rest after an answer, in milliseconds of the page.
REST = 250
PRESS = """async ([group, value, rest]) => {
    const shown = [...document.querySelectorAll('input[type=radio]')].filter((one) => one.parentElement.checkVisibility())
    const name = [...new Set(shown.map((one) => one.name))][group]
    const found = () => [...document.querySelectorAll('input[type=radio]')].find((one) => one.name === name && one.value === value)
    if (group >= 0) found().click()
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, rest))))
    return group < 0 || found().checked
}"""


def compare(playwright: Any, path: str | None, app: "App", folder: Path | None, rounds: int) -> None:
    """Build the peers, measure everybody, print the table. Without Node: one line, and nothing else."""
    with tempfile.TemporaryDirectory() as made:
        there = folder.resolve() if folder else Path(made)
        try:
            files = build.build(there)
        except build.Unavailable as reason:
            print(f"The peers were left out: {reason}.")
            return
        asked = {name: forms.made(name) for name in (forms.CHECKLIST, forms.LONG)}
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        answers = {
            **site.ours(asked),
            **site.peers(there, files, asked),
            "/blank.html": serve.answer("blank.html", b"<!doctype html><title>-</title>"),
        }
        with serve.served(answers) as server:
            for name, form in asked.items():
                answers[f"/enketo/{name}.json"] = site.transformed(
                    browser, server, f"/{files['transform'][0]}", form.xform
                )
        with serve.served(answers) as server:
            figures = measured(browser, server, app, rounds)
        told(figures, rounds, browser.version)
        browser.close()


def measured(browser: Any, server: str, app: "App", rounds: int) -> Figures:
    """Everybody in turn, and each round another begins."""
    figures = Figures(list(COLUMNS.values()))
    for row, written in (
        (WIRE, kilobytes), *((name, seconds) for name in CONDITIONS), (HEAP, megabytes), (NODES, count),
        (ANSWER, milliseconds), (SLOWEST, milliseconds), (LONG, seconds), (LONG_ANSWER, milliseconds), (AXE, count),
    ):  # fmt: skip
        figures.row(row, written)
    for row in (LONG, LONG_ANSWER):
        figures.lacks(row, APP, "the app asks the instruments of the country, and this is none")
    everybody = list(COLUMNS)
    for turn in range(rounds):
        order = everybody[turn % len(everybody) :] + everybody[: turn % len(everybody)]
        for row, (processor, wire) in (*CONDITIONS.items(), (LONG, (PROCESSOR, FREE))):
            for one in order:
                if row == LONG and one == "app":
                    continue
                with Tab(browser, wire, processor) as tab:
                    try:
                        _first_question(figures, row, one, tab, server, app)
                    except (PlaywrightError, Broken) as problem:
                        said = " ".join(str(problem).split())[:200]
                        figures.lacks(row, COLUMNS[one], said)
                        print(f"round {turn + 1}, {row}, {COLUMNS[one]}: {said}", flush=True)
    return figures


def _first_question(figures: Figures, row: str, one: str, tab: "Tab", server: str, app: "App") -> None:
    form, column = forms.LONG if row == LONG else forms.CHECKLIST, COLUMNS[one]
    ready = app.opened(tab) if one == "app" else tab.opened(f"{server}/{one}/{form}")
    figures.add(row, column, ready)
    print(f"{row}, {column}: {ready:.2f} s", flush=True)
    if row == FREELY:
        tab.page.wait_for_timeout(1000)
        broken = tab.accessibility()
        print(f"axe-core, {column}: {'; '.join(broken) or 'nothing'}", flush=True)
        figures.add(AXE, column, len(broken))
        figures.add(WIRE, column, tab.bytes)
        figures.add(NODES, column, tab.page.evaluate("document.querySelectorAll('*').length"))
    elif row == SLOWLY:
        figures.add(HEAP, column, tab.heap())
        spent = tab.answering(forms.ANSWERS[form])
        figures.add(ANSWER, column, median(spent))
        figures.add(SLOWEST, column, quantiles(spent, n=20, method="inclusive")[-1])
        print(f"{ANSWER}, {column}: {milliseconds(median(spent))}", flush=True)
    elif row == LONG:
        figures.add(LONG_ANSWER, column, median(tab.answering(forms.ANSWERS[form])))


class Broken(Exception):
    """A page shows the form, and it cannot be answered; the message is the page's own."""


class Tab:
    """A page in a profile of its own that has never seen anything: nothing is in its cache."""

    def __init__(self, browser: Any, wire: dict[str, Any], processor: float) -> None:
        self.context = browser.new_context(viewport=SCREEN, locale="en-GB")
        self.context.set_default_timeout(600_000)
        self.page = self.context.new_page()
        self.session = slowed(self.context, self.page, wire, processor)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.bytes = 0.0
        self.embedded: set[str] = set()
        self.session.on("Network.requestWillBeSent", self._ask)
        self.session.on("Network.loadingFinished", self._count)

    def __enter__(self) -> "Tab":
        return self

    def __exit__(self, *_problem: object) -> None:
        self.context.close()

    def _ask(self, event: dict[str, Any]) -> None:
        # What is embedded in a script travelled with it.
        if event["request"]["url"].startswith("data:"):
            self.embedded.add(event["requestId"])

    def _count(self, event: dict[str, Any]) -> None:
        self.bytes += 0 if event["requestId"] in self.embedded else event["encodedDataLength"]

    def opened(self, address: str) -> float:
        """Seconds from the beginning of the navigation until the form stands on the screen and can be answered. Raises Broken."""
        self.page.goto(address, wait_until="commit")
        self.page.wait_for_selector("html[data-ready]", state="attached")
        said = self.page.evaluate("window.loadErrors ?? []")
        if said:
            raise Broken(said[0])
        return float(self.page.get_attribute("html", "data-ready")) / 1000

    def heap(self) -> float:
        self.session.send("HeapProfiler.collectGarbage")
        return self._metric("JSHeapUsedSize")

    def accessibility(self) -> list[str]:
        """The rules of axe-core that the page breaks, with their weight and how often."""
        from tests.journeys.visitor import AXE, RULES

        self.session.send("Runtime.evaluate", {"expression": AXE + ";1"})
        told = "found.violations.map((one) => `${one.id} (${one.impact}, ${one.nodes.length})`)"
        asked = {"expression": f"axe.run(document, {RULES}).then((found) => {told})", "awaitPromise": True}
        return list(self.session.send("Runtime.evaluate", {**asked, "returnByValue": True})["result"]["value"])

    def answering(self, answers: list[tuple[int, str]]) -> list[float]:
        """What each answer costs the page's own thread, in seconds of the slowed processor."""
        idle = sorted(self._spent(-1, "") for _ in range(5))[2]
        found = [self._spent(*answers[number % len(answers)]) for number in range(WARMING + ANSWERED)]
        return [max(0.0, one - idle) for one in found[WARMING:]]

    def _spent(self, group: int, value: str) -> float:
        before = self._metric("TaskDuration")
        taken = self.page.evaluate(PRESS, [group, value, REST])
        if not taken:
            raise Broken(f"the answer {value} was not taken")
        return self._metric("TaskDuration") - before

    def _metric(self, name: str) -> float:
        found = self.session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in found if one["name"] == name))


class App:
    """The whole app, from Django: it asks for a PIN, joins, and asks the first question. Typing takes no time here."""

    def __init__(self, server: str, user: Any) -> None:
        self.server, self.user = server, user

    def opened(self, tab: Tab) -> float:
        from spean.exchange.openrosa_models import Device
        from spean.field import devices
        from spean.lib import clock
        from tests.journeys.handset import NEXT, PIN

        row, code = devices.show_code(self.user)
        page = tab.page
        until = timed(
            lambda: (page.goto(f"{self.server}/field/#c={code}", wait_until="commit"), page.wait_for_selector("#pin"))
        )
        page.fill("#pin", PIN)
        page.fill("#again", PIN)

        def first_question() -> None:
            page.click("main form button")
            page.locator("main > .govuk-button").first.click()
            page.wait_for_selector(NEXT)

        found = until + timed(first_question)
        # Nobody has as many phones as this run: each ends when it was measured.
        Device.objects.filter(pk=row.pk).update(revoked_at=clock.now(), revoked_by=self.user)
        return found


def told(figures: Figures, rounds: int, browser: str) -> None:
    print()
    print(figures.table())
    print()
    for line in figures.reasons():
        print(line)
    print(
        f"Everybody in turn, {rounds} rounds: medians; in brackets how many times the first column, round by round; Chromium {browser}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; other work ran beside."
    )
    print(
        "Form: the shipped checklist of twelve questions, in four languages; and 300 generated questions on 30 pages."
    )
    print("Web Forms has no pages and shows the whole form at once. Enketo's server had transformed the form before.")
    for one, policy in site.POLICIES.items():
        print(f"Content-Security-Policy of {COLUMNS[one]}: {policy}")
    print("One answer: time of the page's own thread, all that follows included, less what an idle page needs.")
    print("ODK Central was not installed for this run: it needs Node, PostgreSQL and Java.")
