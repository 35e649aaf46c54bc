"""An instrument asked by the engine in the browser, at 320 pixels, in Khmer, under the strict policy for scripts."""

import difflib
import json

from spean.detection import instruments
from spean.detection.models import Screening
from tests.cast import Cast
from tests.detection.walk import STRONG
from tests.journeys.conftest import Arrive
from tests.journeys.visitor import Visitor

# What docs/xlsform-profile.md promises of script and style.
ENGINE = 25 * 1024
NEXT = "#instrument button.instrument-next"


def pick(visitor: Visitor, **answers: str) -> None:
    """Tap answers by the last part of their path."""
    for name, value in answers.items():
        for one in value.split():
            visitor.page.locator(f'#instrument [id$="/{name}-{one}"]').check()


def test_the_checklist_in_the_browser_at_320_pixels(cast: Cast, arrive: Arrive) -> None:
    visitor = arrive(cast.screener, width=320)
    visitor.engine = ENGINE
    visitor.language = "km"
    visitor.click('button[name="language"][value="km"]')
    visitor.open("/instrument/first_responder/")
    visitor.page.wait_for_selector(NEXT)
    form = visitor.page.locator("#instrument form")
    assert form.get_attribute("lang") == "km"
    # Nothing answered yet: the errors are said first, at their questions.
    visitor.page.click(NEXT)
    visitor.page.wait_for_selector(".govuk-error-summary")
    assert visitor.page.locator("#instrument .govuk-error-message").count() == 2
    visitor.look(refused=True)
    # Read aloud in Vietnamese, Thai and English without losing an answer.
    pick(visitor, private_place="no")
    for code, words in (("vi", "Tôi tên là"), ("th", "ฉันชื่อ"), ("en", "My name is"), ("km", "ខ្ញុំឈ្មោះ")):
        visitor.page.select_option("#instrument-language", code)
        assert words in visitor.page.locator("#instrument").inner_text()
    assert visitor.page.locator('#instrument [id$="/private_place-no"]').is_checked()
    # A warning appears with the answer that needs it, and goes with it.
    before = visitor.page.locator("#instrument p.govuk-body").count()
    pick(visitor, private_place="yes", interpreter_kind="none")
    assert visitor.page.locator("#instrument p.govuk-body").count() == before - 1
    visitor.page.click(NEXT)
    visitor.page.fill('[id="f-person/age"]', "17")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.locator('[id="f-person/age_disputed"]').count() == 0
    visitor.page.fill('[id="f-person/age"]', "25")
    visitor.page.keyboard.press("Tab")
    pick(visitor, age_disputed="no", sex="female")
    visitor.look()
    visitor.page.click(NEXT)
    pick(visitor, acts="recruitment transportation")
    visitor.page.click(NEXT)
    pick(visitor, forms="ForcedLabour", exploitation="labour")
    visitor.page.click(NEXT)
    for numbers in (range(1, 7), range(7, 13)):
        for number in numbers:
            pick(visitor, **{f"FR{number:02}": STRONG.get(f"FR{number:02}", "declined")})
        visitor.look()
        visitor.page.click(NEXT)
    visitor.page.fill('[id="f-own_words/notes"]', "ក ខ <b>")
    visitor.page.click(NEXT)
    assert "អ្នកដែលត្រូវសន្មតថារងគ្រោះ" in visitor.page.locator("#instrument").inner_text()
    visitor.look()
    visitor.page.click(NEXT)
    visitor.page.wait_for_url("**/result/")
    row = Screening.objects.get()
    assert (row.result, row.age, row.instrument) == ("presumed_victim", 25, "first_responder")
    assert row.answers == {f"FR{n:02}": STRONG.get(f"FR{n:02}", "declined") for n in range(1, 13)}


def test_a_bus_is_listed_person_by_person(cast: Cast, arrive: Arrive) -> None:
    """The renderer with a repeat: entries added, kept apart, taken away, and counted at the end."""
    visitor = arrive(cast.screener, width=320)
    visitor.engine = ENGINE
    visitor.open("/instrument/first_responder/")
    visitor.page.wait_for_selector(NEXT)
    instrument = instruments.find("transit_centre")
    assert instrument is not None
    start = """async (definition) => {
        const holder = document.getElementById('instrument')
        const home = document.querySelector('script[type=module]').src
        const { Instance } = await import(new URL('engine.js', home))
        const { Renderer } = await import(new URL('render.js', home))
        const instance = new Instance(definition, { today: '2026-06-30' })
        new Renderer(instance, { holder, words: { ...holder.dataset }, done: async (one) => { window.sent = one.xml() } })
    }"""
    visitor.page.evaluate(start, json.loads(json.dumps(instrument.made.definition)))
    # By the names that their speakers can read, also where the browser knows no Khmer.
    assert {"English", "ខ្មែរ"} <= set(visitor.page.locator("#instrument-language option").all_inner_texts())
    for index, part in enumerate(("2026", "6", "30")):
        visitor.page.fill(f'[id="f-arrival/arrived_on-{index}"]', part)
    visitor.page.fill('[id="f-arrival/place"]', "Poipet")
    visitor.page.fill('[id="f-arrival/on_board"]', "3")
    pick(visitor, came_from="THA")
    visitor.page.click(NEXT)
    for number, sign in enumerate(("sold", "none", "unpaid"), start=1):
        visitor.page.fill(f'[id="f-traveller[{number}]/bracelet"]', str(number))
        pick(visitor, age_band="adult", signs=sign)
        if number < 3:
            visitor.page.click("#instrument .instrument-buttons button >> nth=1")
    visitor.look()
    visitor.page.click(NEXT)
    assert "Asked: 3 of 3. Full screening first: 1; today: 1." in visitor.page.locator("#instrument").inner_text()
    visitor.page.click(NEXT)
    visitor.page.wait_for_function("window.sent !== undefined")
    sent = visitor.page.evaluate("window.sent")
    assert sent.count("<traveller>") == 3
    assert "<arrived_on>2026-06-30</arrived_on>" in sent


# Answers at random, page after page; after each one the page must be what drawing it whole would give, and every value
# what working all of them out would. Gives how often questions stayed where they were while others came or went.
WALK = """async ([definition, seed, wanted]) => {
    const holder = document.getElementById('instrument')
    const home = document.querySelector('script[type=module]').src
    const { Instance } = await import(new URL('engine.js', home))
    const { Renderer } = await import(new URL('render.js', home))
    const random = (most) => ((seed = (seed * 48271) % 2147483647) / 2147483647 * most) | 0
    const one_of = (all) => all[random(all.length)]
    const instance = new Instance(definition, { today: '2026-06-30' })
    const renderer = new Renderer(instance, { holder, words: { ...holder.dataset }, done: async () => {} })
    const seen = (there) => {
        const copy = there.firstChild.cloneNode(true)
        copy.removeAttribute('data-sent')
        const written = [...there.querySelectorAll('input, textarea')]
        copy.querySelectorAll('input, textarea').forEach((field, at) => {
            for (const name of ['checked', 'value']) field.removeAttribute(name)
            // What is typed stays as it was typed.
            field.setAttribute('value', written[at].value.trim().replace(/^0+(?=[0-9])/, ''))
            field.toggleAttribute('checked', written[at].checked)
        })
        return copy.outerHTML
    }
    let stayed = 0
    for (let answered = 1; answered <= wanted; answered++) {
        if (!random(9)) {
            const buttons = holder.querySelectorAll('.instrument-buttons button')
            one_of([buttons[0], ...buttons]).click()
        }
        const before = [...holder.querySelector('form').children]
        const field = one_of([...holder.querySelectorAll('form fieldset input, form .govuk-form-group input, textarea')])
        if (!field) holder.querySelector('.instrument-next').click()
        else if (['radio', 'checkbox'].includes(field.type)) field.click()
        else {
            field.focus()
            field.value = one_of(['1', '17', '18', '60', '2026', 'a b ', ''])
            field.dispatchEvent(new Event('input', { bubbles: true }))
        }
        const now = [...holder.querySelector('form').children]
        if (now.some((node) => !before.includes(node)) && now.some((node) => before.includes(node) && node.id)) stayed++
        const whole = Object.assign(Object.create(Renderer.prototype), renderer, { holder: document.createElement('div') })
        whole.draw()
        const answers = instance.xml()
        instance.settled = null
        instance.settle()
        if (instance.xml() !== answers) return [answered, answers, instance.xml()]
        if (seen(holder) !== seen(whole.holder)) return [answered, seen(holder), seen(whole.holder)]
    }
    return stayed
}"""


def test_what_an_answer_changes_is_what_drawing_the_page_whole_would_give(cast: Cast, arrive: Arrive) -> None:
    visitor = arrive(cast.screener, width=320)
    visitor.open("/instrument/first_responder/")
    visitor.page.wait_for_selector(NEXT)
    stayed = 0
    for seed, instrument in enumerate(instruments.ready(), start=11):
        found = visitor.page.evaluate(WALK, [json.loads(json.dumps(instrument.made.definition)), seed, 250])
        assert isinstance(found, int), "\n".join(
            difflib.unified_diff(*(one.replace("<", "\n<").splitlines() for one in found[1:]))
        )
        stayed += found
    assert stayed > 20
