"""The app for phones in a real browser: without a network, after a kill, in two windows, with a full disk and a wrong
clock, and in the hands of somebody else. Each test loses nothing, or says what was destroyed on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from spean.cases.models import Case
from spean.country import pack
from spean.detection.models import Arrival
from spean.exchange import openrosa_actions
from spean.exchange.openrosa_models import Device, Quarantined, SentForm, TakenIn
from spean.field import devices
from spean.lib import clock
from spean.privacy.formkeys import SUITE
from spean.referral import actions as referral
from spean.referral.models import Referral
from tests import browser
from tests.cast import Cast
from tests.journeys.conftest import FLAGS
from tests.journeys.handset import NEXT, SECRET, Handset, readable
from tests.journeys.wire import Wire

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

Give = Callable[..., Handset]
NARROW = {"width": 320, "height": 640}
# A phone that has a Vietnamese voice of its own, and says what it was given to say.
VOICE = """
    window.spoken = []
    const voice = { lang: 'vi-VN', localService: true }
    speechSynthesis.getVoices = () => [voice]
    speechSynthesis.speak = (one) => spoken.push([one.lang, one.text])
    window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text } }
"""

# The code is opened at the moment at which the app first asks its store for something.
WHILE_IT_BEGINS = """
    const open = IDBFactory.prototype.open
    IDBFactory.prototype.open = function (...asked) {
        if (!sessionStorage.getItem('opened')) {
            sessionStorage.setItem('opened', 'yes')
            location.hash = '#c=CODE'
        }
        return open.apply(this, asked)
    }
"""


@pytest.fixture
def give(server: str, chromium: Browser) -> Iterator[Give]:
    """`give()` hands out a phone with a browser of its own."""
    there: list[Handset] = []

    def handed(at: str = "", language: str = "en-GB") -> Handset:
        context = chromium.new_context(viewport=NARROW, locale=language, reduced_motion="reduce")  # type: ignore[arg-type]
        there.append(Handset(context, at or server))
        return there[-1]

    yield handed
    for one in there:
        one.context.close()
    faults = [fault for one in there for fault in one.faults]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("language", "code"), [("en-GB", "en"), ("km-KH", "km")])
def test_from_the_code_to_what_the_agency_answers_without_a_network_between(
    cast: Cast, give: Give, language: str, code: str
) -> None:
    phone = give(language=language)
    phone.open()
    phone.examine()
    phone.join(cast.screener)
    assert phone.page.evaluate("location.href").endswith("/field/")
    assert phone.page.evaluate("document.documentElement.lang") == code
    phone.examine()
    steps = phone.page.evaluate("history.length")
    phone.context.set_offline(True)
    phone.page.reload()
    phone.page.wait_for_selector("#pin")
    phone.examine()
    phone.unlock()
    phone.begin()
    phone.examine()
    phone.first_pages()
    phone.examine()
    phone.rest_of_screening()
    phone.examine()
    phone.yes()
    phone.examine()
    phone.onward()
    phone.page.wait_for_function("() => document.querySelectorAll('main button').length === 1")
    phone.examine()
    (waiting,) = phone.queue()
    assert 0 < waiting["body"] <= 2048
    assert not Case.objects.exists()
    phone.context.set_offline(False)
    phone.arrived()
    case = Case.objects.get()
    assert case.status == "referred"
    referral.acknowledge_referral(cast.manager, Referral.objects.get())
    phone.page.click("main button")
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.wait_for_function("() => document.querySelector('h1')")
    phone.page.locator("main > .govuk-button--secondary").last.click()
    phone.page.wait_for_selector(f"#sent >> text={case.code}")
    phone.page.wait_for_function("() => document.querySelectorAll('#sent .govuk-hint').length === 1")
    phone.examine()
    assert phone.page.evaluate("history.length") == steps


def test_whoever_asks_reads_one_language_and_hears_and_shows_another(cast: Cast, give: Give) -> None:
    """An officer who reads Khmer, a person who reads Vietnamese or cannot read, and no network and no interpreter."""
    phone = give(language="km-KH")
    phone.context.add_init_script(VOICE)
    phone.open()
    phone.join(cast.screener)
    phone.context.set_offline(True)
    phone.page.reload()
    phone.unlock()
    phone.begin()
    phone.first_pages()
    phone.page.select_option("#instrument-language", "vi")
    phone.rest_of_screening()
    assert phone.page.input_value("#instrument-language") == "vi"
    found = "main form legend, main form .govuk-hint, main form .path-chip label"
    told = phone.page.locator("main legend", has_text="Anh/chị có hiểu không?")
    assert told.get_attribute("lang") is None  # the form itself is in her language
    # What only the officer is asked stands in the officer's language, not in English, and says so.
    method = phone.page.locator('main [id$="/rights_method"] legend')
    assert method.get_attribute("lang") == "km"
    assert all(
        not re.search(r"\b(the|person|What|How)\b", text) for text in phone.page.locator(found).all_inner_texts()
    )
    phone.examine()
    phone.yes_until_told()
    points = phone.page.locator('main [id$="/told_points"] label').all_inner_texts()
    assert len(points) == 7
    assert points[-1].startswith("Anh/chị có thể nói không")
    phone.page.locator('main [id$="/told_points"] .field-say').last.click()
    assert phone.page.evaluate("spoken") == [["vi-VN", points[-1]]]
    phone.examine()


def test_a_code_that_is_opened_while_the_app_still_begins_is_heeded(cast: Cast, give: Give) -> None:
    phone = give()
    _row, code = devices.show_code(cast.screener)
    phone.page.add_init_script(WHILE_IT_BEGINS.replace("CODE", code))
    phone.open()
    phone.choose_pin()
    assert phone.page.evaluate("location.href").endswith("/field/")


def test_where_the_network_broke_before_everything_was_there_it_says_so(cast: Cast, give: Give) -> None:
    phone = give()
    phone.context.route("**/instruments/render.js", lambda route: route.abort())
    phone.context.route("**/field/worker.js", lambda route: route.abort())
    _row, code = devices.show_code(cast.screener)
    phone.page.goto(f"{phone.server}/field/#c={code}")
    phone.choose_pin()
    phone.page.locator("main > .govuk-button").first.click()
    phone.page.wait_for_selector("#notice p")
    assert "not on this phone yet" in phone.page.inner_text("#notice")


@pytest.mark.parametrize(("language", "code"), [("en-GB", "en"), ("km-KH", "km")])
def test_a_whole_bus_is_asked_without_a_network_and_the_phone_says_who_comes_first(
    cast: Cast, give: Give, language: str, code: str
) -> None:
    phone = give(language=language)
    phone.open()
    phone.join(cast.screener)
    phone.context.set_offline(True)
    phone.page.reload()
    phone.unlock()
    phone.examine()
    assert phone.page.evaluate("document.documentElement.lang") == code
    phone.page.locator("main > .govuk-button--secondary").first.click()
    phone.page.wait_for_selector(NEXT)
    assert phone.page.inner_text("main h1") == pack().instruments["transit_centre"].title(code)
    day = clock.today()
    for place, number in enumerate((day.year, day.month, day.day)):
        phone.page.fill(f'main [id$="/arrived_on-{place}"]', str(number))
    phone.write("place", SECRET)
    phone.tap(came_from="THA")
    phone.write("on_board", "3")
    phone.examine()
    phone.onward()
    for number, mark, signs in ((1, "7", "none"), (2, "12", "locked"), (3, "31", "unpaid")):
        if number > 1:
            phone.page.locator("main .instrument-buttons .govuk-button--secondary").first.click()
        phone.examine()
        phone.write("bracelet", mark)
        phone.tap(traveller_sex="female", age_band="adult", signs=signs)
    phone.examine()
    # The battery is empty, and it goes on where it stopped.
    phone.page.reload()
    phone.unlock()
    phone.page.locator("main li button").first.click()
    phone.page.wait_for_selector(NEXT)
    assert phone.page.input_value('main [id$="/bracelet"]') == "31"
    phone.onward()
    phone.onward()
    phone.page.wait_for_selector("#turns")
    assert [text.split()[0] for text in phone.page.locator("#turns li").all_inner_texts()] == ["12", "31"]
    phone.examine()
    # Read again as often as it is needed, until it is sealed.
    phone.page.locator("main > .govuk-button--secondary").last.click()
    phone.page.locator("main li button").first.click()
    phone.onward()
    phone.page.wait_for_selector("#turns")
    phone.page.locator("main > .govuk-button").first.click()
    phone.until(lambda: len(phone.queue()) == 1)
    (waiting,) = phone.queue()
    assert 0 < waiting["body"] <= 2048
    phone.context.set_offline(False)
    phone.arrived()
    bus = Arrival.objects.get()
    assert (bus.on_board, bus.asked, bus.first, bus.later_today) == (3, 3, 1, 1)
    phone.learned()
    assert phone.queue()[0]["state"] == "listed"
    phone.page.locator("main > .govuk-button").first.click()
    phone.page.locator("main > .govuk-button--secondary").last.click()
    phone.page.wait_for_selector("#sent li")
    phone.examine()


def test_a_killed_browser_keeps_everything_and_nothing_of_it_can_be_read(
    cast: Cast, server: str, chromium: Browser, tmp_path: Path
) -> None:
    """A profile on the disk, as it is found in a pocket: with a draft, and with a report that waits."""

    @contextmanager
    def taken_up(offline: bool) -> Iterator[Handset]:
        context = chromium.browser_type.launch_persistent_context(
            str(tmp_path), executable_path=executable(), args=list(FLAGS),
            viewport=NARROW, locale="en-GB",  # type: ignore[arg-type]
        )  # fmt: skip
        phone = Handset(context, server)
        context.set_offline(offline)
        yield phone
        assert not phone.faults
        context.close()

    with taken_up(offline=False) as phone:
        phone.join(cast.screener)
        phone.begin()
        phone.first_pages()
        phone.page.wait_for_timeout(500)
    assert readable(tmp_path, SECRET) == []
    # The search finds what is there: a word of the questionnaire, which is no secret.
    assert readable(tmp_path, "interpreter_kind")
    with taken_up(offline=True) as phone:
        phone.open()
        phone.unlock()
        phone.page.click("text=Go on")
        phone.page.wait_for_selector(NEXT)
        assert phone.page.input_value('main [id^="f-"][id$="/stated_name"]') == SECRET
        phone.rest_of_screening()
        phone.yes()
        phone.onward()
        phone.page.wait_for_selector("text=Sealed on this phone")
    assert readable(tmp_path, SECRET) == []
    with taken_up(offline=False) as phone:
        phone.open()
        phone.unlock()
        phone.arrived()
    assert Case.objects.get().status == "referred"
    assert readable(tmp_path, SECRET) == []


def executable() -> str:
    found = browser.find()
    assert found
    return found


def test_a_killed_server_is_not_missed(cast: Cast, give: Give, server: str) -> None:
    wire = Wire(int(server.rpartition(":")[2]))
    phone = give(wire.address)
    phone.join(cast.screener)
    wire.cut()
    phone.page.reload()
    phone.unlock()
    phone.report()
    phone.page.click("main button")
    phone.page.click("text=Send now")
    phone.page.wait_for_selector("text=No connection")
    assert len(phone.queue()) == 1
    wire.mend()
    phone.page.click("text=Send now")
    phone.arrived()
    wire.cut()
    assert Case.objects.count() == 1


def test_on_the_way_things_break(cast: Cast, give: Give) -> None:
    """Half an upload, a lost receipt, a captive portal, a false order to wipe: the report waits, and arrives once."""
    phone = give()
    phone.join(cast.screener)
    phone.context.set_offline(True)
    phone.report()
    phone.page.click("main button")
    tried: list[str] = []

    def half(route: Route) -> None:
        tried.append("half")
        body = route.request.post_data_buffer or b""
        route.continue_(post_data=body[: len(body) // 2])

    def lost(route: Route) -> None:
        assert route.fetch().status in (200, 201)
        route.abort()
        tried.append("lost")

    def portal(route: Route) -> None:
        tried.append("portal")
        route.fulfill(status=200, content_type="text/html", body="<html>Log in to this network</html>")

    def liar(route: Route) -> None:
        tried.append("liar")
        route.fulfill(status=410, content_type="application/json", body='{"code": "revoked", "proof": "0"}')

    def echo(route: Route) -> None:
        tried.append("echo")
        body = f'{{"id": "{number}", "digest": "0", "state": "case", "code": "C-0", "time": ""}}'
        route.fulfill(status=201, content_type="application/json", body=body)

    number = phone.queue()[0]["id"]
    for each in (half, portal, liar, echo, lost):
        phone.page.unroute_all()
        phone.page.route(re.compile("/field/report/"), each)
        phone.context.set_offline(False)
        while each.__name__ not in tried:
            phone.page.click("text=Send now")
            phone.page.wait_for_timeout(200)
        phone.page.wait_for_timeout(300)
        assert phone.queue()[0]["body"] > 0, each.__name__
    phone.page.unroute_all(behavior="wait")
    assert TakenIn.objects.count() == 1
    phone.page.click("text=Send now")
    phone.until(lambda: phone.queue()[0]["state"] == "arrived")
    phone.page.click("text=See what became of it")
    phone.page.wait_for_selector(f"#sent >> text=Arrived safely: {TakenIn.objects.get().code}")
    phone.examine()
    phone.arrived()
    # Nobody presses anything: the phone asks again by itself.
    phone.page.wait_for_selector(f"#sent >> text=Arrived: {Case.objects.get().code}")
    assert phone.queue()[0]["state"] == "case"


def test_two_windows_do_not_write_over_each_other(cast: Cast, give: Give) -> None:
    phone = give()
    phone.join(cast.screener)
    phone.begin()
    phone.first_pages()
    first = phone.page
    second = phone.context.new_page()
    phone.listen(second)
    second.goto(f"{phone.server}/field/")
    second.wait_for_selector("text=This is open in another window")
    second.click("text=Use it here")
    second.wait_for_selector("#pin")
    first.wait_for_selector("text=This is open in another window")
    assert SECRET not in first.content()
    phone.page = second
    phone.unlock()
    second.click("text=Go on")
    second.wait_for_selector(NEXT)
    assert second.input_value('main [id^="f-"][id$="/stated_name"]') == SECRET


def test_wrong_pins_wait_longer_and_destroy_what_is_unfinished_but_not_what_waits(cast: Cast, give: Give) -> None:
    phone = give()
    phone.join(cast.screener)
    phone.context.set_offline(True)
    phone.report()
    phone.page.click("main button")
    phone.begin()
    phone.first_pages()
    phone.page.wait_for_timeout(300)
    phone.page.clock.install(time=clock.now())
    phone.page.reload()
    phone.page.wait_for_selector("#pin")
    for tried in range(1, 11):
        phone.page.fill("#pin", "not the pin")
        phone.page.click("main form button")
        if tried == 10:
            break
        phone.page.wait_for_selector(f"text=After {10 - tried} more")
        if tried == 4:
            # The right one has to wait as well, also in a browser that was started anew.
            phone.page.reload()
            phone.page.fill("#pin", "Kampot-2718")
            phone.page.click("main form button")
            phone.page.wait_for_selector("text=Wait ")
        phone.page.clock.fast_forward(301_000)
    phone.page.wait_for_selector("text=This phone was wiped")
    (waiting,) = phone.queue()
    assert waiting["body"] > 0
    phone.context.set_offline(False)
    phone.page.clock.set_fixed_time(clock.now())
    phone.join(cast.screener)
    phone.arrived()
    assert phone.page.locator("text=Go on").count() == 0
    assert Case.objects.count() == 1


def test_somebody_elses_phone_does_not_send_what_waits_of_another(cast: Cast, give: Give) -> None:
    phone = give()
    phone.join(cast.screener)
    phone.context.set_offline(True)
    phone.report()
    phone.page.evaluate(
        "async () => { const store = await import('/static/field/store.js'); await store.wipe({ waiting: true }) }"
    )
    phone.page.reload()
    phone.context.set_offline(False)
    phone.join(cast.outsider)
    phone.page.wait_for_timeout(500)
    assert phone.queue()[0]["body"] > 0
    assert not SentForm.objects.exists()
    assert not TakenIn.objects.exists()


def test_a_revoked_phone_wipes_itself_and_says_so(cast: Cast, give: Give) -> None:
    phone = give()
    phone.join(cast.screener)
    phone.context.set_offline(True)
    phone.report()
    phone.page.click("main button")
    phone.begin()
    phone.first_pages()
    openrosa_actions.revoke_device(cast.screener, Device.objects.get())
    phone.context.set_offline(False)
    phone.page.wait_for_selector("text=This phone was wiped")
    left = (
        "async () => [(await indexedDB.databases()).length, (await caches.keys()).length, "
        "(await navigator.serviceWorker.getRegistrations()).length]"
    )
    phone.until(lambda: phone.page.evaluate(left) == [0, 0, 0])
    phone.open()
    phone.page.wait_for_selector("text=This phone is not enrolled")
    assert not Case.objects.exists()


def test_a_full_memory_keeps_the_answers_on_the_screen(cast: Cast, give: Give) -> None:
    phone = give()
    wire = phone.context.new_cdp_session(phone.page)
    wire.send("Storage.overrideQuotaForOrigin", {"origin": phone.server, "quotaSize": 3_000_000})
    phone.join(cast.screener)
    phone.begin()
    phone.first_pages()
    # Something else fills what is left, down to the last hundred bytes.
    phone.page.evaluate(FILL)
    phone.write("stated_name", "Kanarie still here")
    phone.page.wait_for_selector("text=memory is full")
    # Locking would lose what is on the screen and nowhere else.
    phone.page.click("text=Lock")
    assert phone.page.input_value(NAME) == "Kanarie still here"
    wire.send("Storage.overrideQuotaForOrigin", {"origin": phone.server})
    phone.page.evaluate("new Promise((done) => { indexedDB.deleteDatabase('else').onsuccess = done })")

    def kept() -> bool:
        # The browser remembers for half a minute how little was free.
        phone.write("stated_name", "")
        phone.write("stated_name", "Kanarie kept now")
        phone.page.wait_for_timeout(500)
        return phone.page.locator("text=memory is full").count() == 0

    phone.until(kept)
    phone.page.reload()
    phone.unlock()
    phone.page.click("text=Go on")
    phone.page.wait_for_selector(NEXT)
    assert phone.page.input_value(NAME) == "Kanarie kept now"


NAME = 'main [id^="f-"][id$="/stated_name"]'
FILL = """async () => {
    const database = await new Promise((done) => {
        const asked = indexedDB.open('else', 1)
        asked.onupgradeneeded = () => asked.result.createObjectStore('s')
        asked.onsuccess = () => done(asked.result)
    })
    let key = 0
    for (const size of [300000, 30000, 3000, 300, 100]) {
        for (let fits = true; fits;) {
            fits = await new Promise((done) => {
                const writing = database.transaction('s', 'readwrite')
                writing.oncomplete = () => done(true)
                writing.onabort = () => done(false)
                writing.objectStore('s').put(new Uint8Array(size), key++)
            })
        }
    }
    database.close()
}"""


@pytest.mark.parametrize("off", [timedelta(days=-365), timedelta(days=365)])
def test_a_clock_one_year_off_makes_no_wrong_day(cast: Cast, give: Give, off: timedelta) -> None:
    phone = give()
    phone.page.clock.install(time=clock.now() + off)
    phone.join(cast.screener)
    phone.page.wait_for_selector("text=The clock of this phone is wrong")
    phone.report()
    phone.arrived()
    assert Case.objects.get().status == "referred"
    assert not Quarantined.objects.exists()
    row = SentForm.objects.get()
    assert row.clock_off is not None
    assert abs(row.clock_off - off) < timedelta(hours=1)


def test_many_reports_wait_and_each_arrives_once(cast: Cast, give: Give) -> None:
    phone = give()
    phone.join(cast.screener)
    phone.context.set_offline(True)
    phone.report()
    many(phone, 40)
    assert len(phone.queue()) == 41
    phone.page.click("main button")
    phone.context.set_offline(False)
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.arrived(41)
    # The copies are the same screening under another number, which the server sees, and keeps for their user.
    assert SentForm.objects.count() == 41
    assert Case.objects.count() + Quarantined.objects.count() == 41


def many(phone: Handset, count: int) -> None:
    """Seal reports by the app's own code: each a screening of its own that is no case, because nothing is answered."""
    phone.page.evaluate(
        """async (count) => {
            const net = await import('/static/field/sync.js'), store = await import('/static/field/store.js')
            const phone = await store.get('state', 'phone')
            for (let one = 0; one < count; one++) {
                const id = crypto.randomUUID()
                await net.finish({ id, screening: `<data id="none" version="${one}"/>`, after: '', draft: '', owner: phone.owner })
            }
        }""",
        count,
    )


def test_an_emptied_cache_is_filled_again(cast: Cast, give: Give) -> None:
    """The system took the files away, and not the drafts: the next start fetches them."""
    phone = give()
    phone.join(cast.screener)
    phone.page.evaluate("caches.keys().then((names) => Promise.all(names.map((name) => caches.delete(name))))")
    phone.page.reload()
    phone.unlock()
    phone.context.set_offline(True)
    phone.page.reload()
    phone.unlock()


def test_leave_now_leaves_nothing_to_go_back_to(cast: Cast, give: Give) -> None:
    phone = give()
    phone.page.goto(f"{phone.server}/privacy/")
    phone.join(cast.screener)
    phone.begin()
    phone.first_pages()
    phone.context.set_offline(True)
    before = phone.page.evaluate("history.length")
    phone.page.click(".field-leave")
    phone.page.wait_for_url("**/field/away/")
    assert phone.page.title() == "…"
    assert phone.page.evaluate("history.length") == before
    phone.context.set_offline(False)
    phone.page.go_back()
    assert phone.page.url.endswith("/privacy/")


def test_sealing_agrees_with_the_standard_and_with_the_server(cast: Cast, give: Give) -> None:
    """RFC 9180, appendix A.3.1 (its AES-128 is the same code with a shorter key), and what the server opens."""
    phone = give()
    phone.open()
    sealed = phone.page.evaluate(
        """async ([sender, secret, to, info, aad, plain]) => {
            const { seal } = await import('/static/field/hpke.js')
            const bytes = (text) => Uint8Array.from(text.match(/../g), (two) => parseInt(two, 16))
            const url = (data) => btoa(String.fromCharCode(...data)).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=/g, '')
            const point = bytes(sender), curve = { name: 'ECDH', namedCurve: 'P-256' }
            const jwk = { kty: 'EC', crv: 'P-256', x: url(point.slice(1, 33)), y: url(point.slice(33)) }
            const publicKey = await crypto.subtle.importKey('jwk', jwk, curve, true, [])
            const whole = { ...jwk, d: url(bytes(secret)) }
            const privateKey = await crypto.subtle.importKey('jwk', whole, curve, false, ['deriveBits'])
            const made = await seal(bytes(to), bytes(info), bytes(plain), { pair: { publicKey, privateKey }, length: 16,
                additionalData: bytes(aad) })
            return [...made].map((byte) => byte.toString(16).padStart(2, '0')).join('')
        }""",
        [A31[name] for name in ("pkEm", "skEm", "pkRm", "info", "aad", "pt")],
    )
    assert sealed == A31["pkEm"] + A31["ct"]
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    ours: list[int] = phone.page.evaluate(
        """async (point) => {
            const { seal } = await import('/static/field/hpke.js')
            return [...await seal(new Uint8Array(point), new TextEncoder().encode('info'), new TextEncoder().encode('សួស្ដី'))]
        }""",
        list(point),
    )
    assert SUITE.decrypt(bytes(ours), key, info=b"info").decode() == "សួស្ដី"


A31: dict[str, Any] = {
    "info": "4f6465206f6e2061204772656369616e2055726e",
    "pkEm": "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9"
    "bfcb9382657222d18c4",
    "skEm": "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb",
    "pkRm": "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1"
    "d128aafd68a2ce72ea0",
    "aad": "436f756e742d30",
    "pt": "4265617574792069732074727574682c20747275746820626561757479",
    "ct": "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434",
}  # fmt: skip
