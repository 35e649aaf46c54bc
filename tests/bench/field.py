"""`python -m tests.bench.field`: the app on a slow phone. Chromium with its processor slowed six times, 150 kbit/s, 500 ms.

Our own server in this process, with compressed files. No real phone was there. Nothing is asserted. With `--peers` also
ODK Web Forms and Enketo on the same form (`field_peers.py`); REPORTS=0 leaves the sending out.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

os.environ["SPEAN_STATE"] = str(Path(__file__).resolve().parents[2] / "var" / "bench")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from spean.run import install, state
from tests.bench.slow_phone import FLAGS, FREE, SCREEN, SLOW, Told, slowed, timed

state.prepare()

REPORTS = int(os.environ.get("REPORTS", "200"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.field")
    parser.add_argument("--peers", action="store_true", help="beside ODK Web Forms and Enketo, built with npm")
    parser.add_argument("--peers-folder", type=Path, help="where they are built, to build them only once")
    parser.add_argument("--rounds", type=int, default=3, help="how often everybody takes a turn")
    chosen = parser.parse_args()
    with install.opened() as cluster:
        import django

        django.setup()
        from django.db import connections

        connections.close_all()
        assert cluster is not None
        cluster.recreate_databases()
        install.migrate()
        install.collect_static()
        measure(chosen)
    return 0


def measure(chosen: argparse.Namespace) -> None:
    from django.conf import settings
    from django.test.testcases import LiveServerThread
    from playwright.sync_api import sync_playwright

    from tests import browser
    from tests.bench import field_peers
    from tests.cast import make_cast

    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    cast = make_cast()
    thread = LiveServerThread("127.0.0.1", lambda application: application)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    server = f"http://127.0.0.1:{thread.port}"
    path = browser.find()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=path, args=list(FLAGS), viewport=SCREEN, locale="en-GB"
        )
        context.set_default_timeout(600_000)
        found = walk(context, server, cast)
        found |= sending(context, server, cast) if REPORTS else {}
        context.close()
        if chosen.peers:
            app = field_peers.App(server, cast.screener)
            field_peers.compare(playwright, path, app, chosen.peers_folder, chosen.rounds)
    thread.terminate()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(json.dumps(found, indent=1))


def walk(context: Any, server: str, cast: Any) -> dict[str, Any]:
    """Cold with a code, then the first question; then from the cache without a network."""
    from spean.field import devices
    from tests.journeys.handset import NEXT, PIN, Handset

    phone, page = Handset(context, server), context.pages[0]
    bytes_in: list[float] = []
    wire = slowed(context, page, SLOW)
    wire.on("Network.loadingFinished", lambda event: bytes_in.append(event["encodedDataLength"]))
    _row, code = devices.show_code(cast.screener)
    # A server that was just started converts the instruments first; this is about the phone.
    with urlopen(f"{server}/field/worker.js") as warm:  # noqa: S310
        warm.read()
    found: dict[str, Any] = Told()
    found["cold: ready to type (s)"] = timed(
        lambda: (page.goto(f"{server}/field/#c={code}", wait_until="commit"), page.wait_for_selector("#pin"))
    )
    found["cold: bytes until then"] = sum(bytes_in)
    page.fill("#pin", PIN)
    page.fill("#again", PIN)

    def join() -> None:
        page.click("main form button")
        phone.home()

    found["choosing the PIN and joining (s)"] = timed(join)
    found["first question after joining (s)"] = timed(
        lambda: (page.locator("main > .govuk-button").first.click(), page.wait_for_selector(NEXT))
    )
    wire.send("Network.emulateNetworkConditions", FREE)
    phone.ready()
    page.close()
    page = phone.page = context.new_page()
    slowed(context, page, {**SLOW, "offline": True})
    context.set_offline(True)
    found["from the cache, offline: ready to type (s)"] = timed(
        lambda: (page.goto(f"{server}/field/", wait_until="commit"), page.wait_for_selector("#pin"))
    )
    page.fill("#pin", PIN)

    def unlock() -> None:
        page.click("main form button")
        phone.home()

    found["unlocking, 600,000 rounds (s)"] = timed(unlock)
    found["first question, offline (s)"] = timed(
        lambda: (page.locator("main > .govuk-button").first.click(), page.wait_for_selector(NEXT))
    )
    page.click("text=Start")
    context.set_offline(False)
    page.close()
    return found


def sending(context: Any, server: str, cast: Any) -> dict[str, Any]:
    """Whole reports, each with consent and referral, sealed by the app and sent over the slow network."""
    from spean.cases.models import Case
    from spean.exchange import taking_in
    from tests.field.phone import ADULT_YES, enrolled
    from tests.journeys.handset import Handset

    page = context.new_page()
    phone = Handset(context, server)
    phone.page = page
    said = enrolled(cast.outsider)
    whole = []
    for _ in range(REPORTS):
        number = uuid4()
        whole.append([str(number), said.screening(number).decode(), said.after(**ADULT_YES).decode()])
    phone.open()
    phone.unlock()
    context.set_offline(True)
    sizes = page.evaluate(
        """async (whole) => {
            const net = await import('/static/field/sync.js'), store = await import('/static/field/store.js')
            const { owner } = await store.get('state', 'phone')
            for (const [id, form, after] of whole) await net.finish({ id, form, after, draft: '', owner })
            return (await store.all('queue')).map((one) => one.body.length)
        }""",
        whole,
    )
    slowed(context, page, SLOW)

    def send() -> None:
        context.set_offline(False)
        # Putting the network back took its slowness away.
        slowed(context, page, SLOW)
        page.evaluate("dispatchEvent(new Event('online'))")
        while sum(not one.get("body") for one in phone.queue()) < REPORTS:
            page.wait_for_timeout(1000)

    found: dict[str, Any] = Told()
    found["a whole report, sealed (bytes, median)"] = sorted(sizes)[len(sizes) // 2]
    found["the largest"] = max(sizes)
    found[f"{REPORTS} reports sent (s)"] = timed(send)
    found["worked off after that (s)"] = timed(taking_in.work_off)
    referred = Case.objects.filter(status="referred").count()
    if referred != REPORTS:
        raise SystemExit(f"Of {REPORTS} reports {referred} became cases that were referred: these figures say nothing.")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
