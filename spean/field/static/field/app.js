// The app for first responders: what is on the screen, and which screen comes after which. Where things lie is in
// store.js, what locks them in vault.js, what is sent in sync.js; the questions are asked by the engine of instruments.
//
// Everything happens at one address: the browser's history holds no trace of what was done.

import { element } from '../instruments/element.js'
import * as speech from './speak.js'
import * as store from './store.js'
import * as net from './sync.js'
import * as vault from './vault.js'

const holder = document.getElementById('app')
const about = JSON.parse(document.getElementById('about').textContent)
// Not needed for the first screen, which comes sooner without it; fetched as soon as that is there. All three are named,
// so that they come in one turn and not one after the other.
const engine = async () => {
  const [{ Instance }, { Renderer }] = await Promise.all([
    import('../instruments/engine.js'), import('../instruments/render.js'), import('../instruments/evaluate.js'),
  ])
  return { Instance, Renderer }
}
const ANSWERED = ['text', 'integer', 'decimal', 'date', 'select_one', 'select_multiple']
// Nobody touched it for so long: it is locked.
const IDLE = 5 * 60_000
const RETRY = [5, 15, 60, 300]
// What has arrived becomes a case within seconds: when it is asked what became of it.
const ASK_AGAIN = [3, 10, 30, 120, 600]

let language = 'en'
let session = null // { key, token, phone } while it is unlocked
let unsaved = false
let touched = Date.now()
let failures = 0
let retry = null
let asks = 0
let redraw = () => {}

const w = (name, values = {}) =>
  Object.entries(values).reduce((said, [key, value]) => said.replace(`{${key}}`, value), about.words[language]?.[name] ?? about.words.en[name] ?? name)
const day = (moment) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(moment)
// Each language by its own name; a phone may not know all of them.
const named = (code) => about.names[code] ?? code
const titled = (form) => form.titles[language] || form.titles.en || form.name
// The phone's clock may be wrong; how wrong is known from the last answer of the server.
const now = () => Date.now() + (session?.phone.off ?? 0)
const today = () => {
  const moment = new Date(now())
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 10)
}

// -- the frame ---------------------------------------------------------------------------------------------------

const button = (words, onclick, look = '') => element('button', { type: 'button', class: `govuk-button ${look}`, onclick }, words)
const quiet = (words, onclick) => button(words, onclick, 'govuk-button--secondary')
const line = (words, look = 'govuk-body') => element('p', { class: look }, words)

function screen(title, ...parts) {
  speech.stop()
  document.documentElement.lang = language
  document.title = w('title')
  const heading = element('h1', { class: 'govuk-heading-l', tabindex: '-1' }, title)
  holder.replaceChildren(
    element(
      'header', { class: 'field-top' },
      button(w('leave'), leave, 'field-leave'),
      session ? quiet(w('lock'), lock) : languages(),
    ),
    element('main', {}, element('div', { id: 'notice', role: 'status' }), heading, ...parts),
  )
  scrollTo(0, 0)
  heading.focus({ preventScroll: true })
}

const notice = (...said) => document.getElementById('notice')?.replaceChildren(...said.map((one) => line(one, 'field-notice')))

function languages() {
  const choose = (code) =>
    element('button', { type: 'button', lang: code, class: 'field-language', 'aria-pressed': String(code === language), onclick: () => speak(code) },
      named(code))
  return element('div', { role: 'group', 'aria-label': w('language_of_screen') }, ...Object.keys(about.words).map(choose))
}

async function speak(code) {
  language = code
  redraw()
  await store.put('state', 'language', code).catch(() => {})
}

// Away from here at once, and no way back to it.
function leave() {
  session = null
  holder.replaceChildren()
  document.title = '…'
  location.replace(about.away)
}

function lock() {
  // What could not be kept is on the screen and nowhere else.
  if (unsaved) return
  session = null
  speech.stop()
  unlockScreen()
}

// A form of our own: one field or two, and a button.
function ask(fields, words, done) {
  const wrong = element('p', { class: 'govuk-error-message', role: 'alert', id: 'wrong' })
  const press = element('button', { class: 'govuk-button' }, words)
  const inputs = fields.map(([id, label, hint]) =>
    element('div', { class: 'govuk-form-group' },
      element('label', { class: 'govuk-label govuk-label--s', for: id }, label),
      hint ? element('div', { class: 'govuk-hint', id: `${id}-hint` }, hint) : '',
      element('input', { class: 'govuk-input', id, type: 'password', autocomplete: 'off', 'aria-describedby': `${hint ? `${id}-hint ` : ''}wrong` })))
  const form = element('form', { novalidate: true }, ...inputs, wrong, press)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (press.disabled) return
    const typed = fields.map(([id]) => form.querySelector(`#${id}`).value)
    press.disabled = true
    press.textContent = w('working')
    wrong.textContent = ''
    try {
      wrong.textContent = (await done(...typed)) ?? ''
    } catch (problem) {
      wrong.textContent = problem instanceof store.Full ? w('full') : problem instanceof net.NoNetwork ? w('no_network') : w('failed')
    }
    press.disabled = false
    press.textContent = words
    if (wrong.textContent) form.querySelector('input')?.focus()
  })
  return form
}

// -- joining and unlocking ---------------------------------------------------------------------------------------

function joinScreen(code) {
  redraw = () => joinScreen(code)
  if (!code) {
    screen(w('not_joined'), line(w('not_joined_how')))
    return
  }
  let made = null
  screen(
    w('choose_pin'),
    ask([['pin', w('pin'), w('choose_pin_hint')], ['again', w('pin_again')]], w('join'), async (pin, again) => {
      if (pin.length < vault.SHORTEST) return w('pin_short')
      if (vault.isEasy(pin)) return w('pin_easy')
      if (pin !== again) return w('pin_differs')
      // Tried again after a break: the same lock, so that the same token is brought again.
      if (made?.pin !== pin) made = { pin, key: await vault.make(pin) }
      const { key } = made
      // Ask that the system does not clear this away when memory runs short.
      await navigator.storage?.persist?.()
      return joined(key, code)
    }),
  )
}

async function joined(key, code) {
  if (!(await net.join(about, key, code))) return w('code_refused')
  await enter(key)
  return ''
}

function unlockScreen(said = '') {
  redraw = () => unlockScreen(said)
  screen(
    w('title'),
    said ? line(said, 'field-notice') : '',
    ask([['pin', w('pin')]], w('unlock'), async (pin) => {
      try {
        const key = await vault.unlock(pin)
        if (pending || (await store.get('state', 'joining'))) return await joined(key, pending)
        await enter(key)
        return ''
      } catch (problem) {
        if (problem instanceof vault.Wait) return w('pin_wait', { n: problem.seconds })
        if (!(problem instanceof vault.WrongPin)) throw problem
        if (problem.left > 0) return w('pin_wrong', { n: problem.left })
        wipedScreen('wiped_pin')
        return ''
      }
    }),
  )
}

async function enter(key) {
  const phone = await store.get('state', 'phone')
  if (!phone) {
    // The PIN was chosen and the network broke before the phone had joined.
    session = null
    joinScreen(pending)
    return
  }
  pending = ''
  touched = Date.now()
  session = { key, phone, token: await net.tokenOf(key) }
  homeScreen()
  ready()
}

function wipedScreen(why) {
  session = null
  unsaved = false
  redraw = () => wipedScreen(why)
  screen(w('wiped'), line(w(why)))
}

// -- home --------------------------------------------------------------------------------------------------------

async function homeScreen() {
  redraw = homeScreen
  const { key, phone } = session
  const [drafts, queue, pack] = await Promise.all([store.all('drafts'), store.all('queue'), store.get('state', 'pack')])
  const open = []
  for (const one of drafts) open.push(await vault.read(key, one, `draft ${one.id}`).catch(() => null))
  const left = net.waiting(queue, phone.owner).length
  screen(
    w('home'),
    ...about.forms.filter((form) => !form.list).map((form) => button(`${w('new')}: ${titled(form)}`, () => begin(form))),
    ...about.forms.filter((form) => form.list && pack?.lists).map((form) => quiet(titled(form), () => begin(form))),
    quiet(w('rights'), () => rightsScreen()),
    ...(open.some(Boolean) ? [element('h2', { class: 'govuk-heading-m' }, w('drafts'))] : []),
    element('ul', { class: 'field-list' }, ...open.filter(Boolean).sort((one, other) => other.at - one.at).map(draftLine)),
    element('h2', { class: 'govuk-heading-m' }, w('sent_list')),
    line(left ? w('queue', { n: left }) : w('queue_none')),
    left ? button(w('sync'), () => synchronise(true)) : '',
    quiet(w('see_list'), sentScreen),
    languages(),
  )
  if (Math.abs(phone.off) > 10 * 60_000) {
    notice(w('clock_wrong', { time: new Intl.NumberFormat(language, { style: 'unit', unit: 'day', maximumFractionDigits: 1 }).format(Math.abs(phone.off) / 86_400_000) }))
  }
}

function draftLine(draft) {
  const form = about.forms.find((one) => one.name === draft.name)
  const throwAway = quiet(w('throw_away'), async () => {
    if (!throwAway.dataset.sure) {
      throwAway.dataset.sure = '1'
      throwAway.textContent = w('throw_away_sure')
      return
    }
    await store.remove('drafts', draft.id)
    homeScreen()
  })
  return element('li', {}, line(`${form ? titled(form) : draft.name}, ${day(draft.at)}`), quiet(w('go_on'), () => goOn(draft)), throwAway)
}

async function sentScreen() {
  redraw = sentScreen
  const { key, phone } = session
  const reports = (await store.all('queue')).filter((one) => one.owner === phone.owner).sort((one, other) => other.at - one.at)
  const lines = []
  for (const one of reports.slice(0, 200)) {
    const said = one.about ? await vault.read(key, one.about, `report ${one.id}`).catch(() => ({})) : {}
    const words = one.trouble && one.body ? w(`state_${one.trouble}`) : w(`state_${one.state}`, { code: said.code ?? '' })
    lines.push(
      element('li', {}, line(`${day(one.at)}: ${words}`),
        said.reason ? line(w(`reason_${said.reason}`), 'govuk-hint') : '',
        said.agency ? line(w(`agency_${said.agency}`), 'govuk-hint') : ''))
  }
  screen(w('sent_list'), lines.length ? element('ul', { class: 'field-list', id: 'sent' }, ...lines) : line(w('nothing_sent')), quiet(w('home'), homeScreen))
}

// -- asking ------------------------------------------------------------------------------------------------------

async function definitionOf(name, version, url = '') {
  const key = `${name} ${version}`
  const kept = await store.get('forms', key)
  if (kept) return kept
  const form = url || `${about.forms[0].url.split('/').slice(0, -3).join('/')}/${name}/${version}/`
  const answer = await fetch(form).catch(() => null)
  if (!answer?.ok) return null
  const found = await answer.json()
  await store.put('forms', key, found).catch(() => {})
  return found
}

async function begin(form) {
  const stamp = new Date(now()).toISOString()
  const number = crypto.randomUUID()
  await goOn({
    id: number, name: form.name, version: form.version, list: form.list, url: form.url, at: Date.now(), today: today(), language, values: {},
    stamps: { start: stamp, end: stamp, deviceid: 'field', instance: `uuid:${number}` }, place: null, after: null,
  })
}

async function goOn(draft) {
  if (draft.after) return askAfter(draft)
  const definition = await definitionOf(draft.name, draft.version, draft.url)
  if (!definition) return notice(w('missing_form'))
  return interview(draft, drawn(definition), draft, async (instance) => {
    if (draft.list) return turnsScreen(draft, instance)
    draft.after = { values: {}, place: null, child: instance.at('population')?.value === 'child', screening: instance.xml() }
    draft.after.stamps = { instance: `uuid:${crypto.randomUUID()}` }
    await keep(draft)
    await askAfter(draft)
  })
}

async function askAfter(draft) {
  const pack = await store.get('state', 'pack')
  if (!pack) {
    ready()
    return notice(w('missing_form'))
  }
  const definition = pack.after.find((one) => one.version.startsWith(draft.after.child ? 'child' : 'adult'))
  const change = quiet(w('back'), async () => {
    draft.after = null
    await keep(draft)
    goOn(draft)
  })
  return interview(draft, drawn(definition), draft.after, (instance) => sealed(draft, { form: draft.after.screening, after: instance.xml() }), change, w('finish'))
}

async function sealed(draft, said) {
  await net.finish({ ...said, id: draft.id, draft: draft.id, owner: session.phone.owner })
  unsaved = false
  finishedScreen()
  synchronise()
}

// Whose turn it is, of those on a bus: by the number on the bracelet, those first who are screened first.
function turnsScreen(draft, instance) {
  redraw = () => turnsScreen(draft, instance)
  const turns = ['first', 'today']
  const value = (entry, name) => entry.like(name)[0]?.value ?? ''
  const steps = (entry) => [...instance.points(entry)].filter((one) => one.relevant && one.node.type === 'note' && one.node.relevant)
  const entries = instance.at('').like('traveller').filter((entry) => turns.includes(value(entry, 'order')))
  const lines = entries
    .sort((one, other) => turns.indexOf(value(one, 'order')) - turns.indexOf(value(other, 'order')))
    .map((entry) => element('li', {}, element('strong', {}, value(entry, 'bracelet')), ' ', ...steps(entry).map((one) => instance.words(one.node.label, one, language))))
  screen(
    w('turns'),
    lines.length ? element('ul', { class: 'field-list', id: 'turns' }, ...lines) : line(w('turns_none')),
    line(w('turns_how'), 'govuk-hint'),
    button(w('finish'), () => sealed(draft, { form: instance.xml() }).catch((problem) => notice(w(problem instanceof store.Full ? 'full' : 'failed')))),
    quiet(w('change'), () => goOn(draft)),
    quiet(w('home'), homeScreen),
  )
}

function finishedScreen() {
  redraw = finishedScreen
  screen(w('finished'), line(w('finished_how')), button(w('home'), homeScreen))
}

// Answers of every list that has a drawing show it, also where the instrument itself names none.
function drawn(definition) {
  for (const items of Object.values(definition.lists)) {
    for (const item of items) if (['yes', 'no', 'unknown', 'declined'].includes(item.name)) item.image ??= `${item.name}.svg`
  }
  return definition
}

// Ask a definition: the answers lie in `part.values`, and all of the draft is kept after each of them.
async function interview(draft, definition, part, done, change = '', send = w('send')) {
  const files = await engine().catch(() => null)
  if (!files) return notice(w('missing_form'))
  const { Instance, Renderer } = files
  const instance = new Instance(definition, { today: draft.today, stamps: part.stamps, language: draft.language || language })
  restore(instance, part.values)
  const place = element('div', {})
  // In the language of whoever asks: a definition has its title in one alone.
  const form = about.forms.find((one) => one.name === definition.id)
  const title = definition.title === 'afterwards' ? w('after') : form ? titled(form) : definition.title
  screen(title, place, element('p', { class: 'field-foot' }, change, quiet(w('home'), async () => {
    await keep(draft)
    homeScreen()
  })))
  redraw = () => {}
  const save = () => {
    part.values = instance.values()
    part.place = { page: renderer.at.page, entry: renderer.at.entry }
    draft.at = Date.now()
    draft.language = instance.language
    return keep(draft)
  }
  const words = { ...about.words.en, ...about.words[language], language, send }
  const renderer = new Renderer(instance, {
    holder: place, words, media: about.pictures, changed: save, beside: listen,
    done: async (filled) => {
      try {
        await save()
        await done(filled)
      } catch (problem) {
        throw { message: problem instanceof store.Full ? w('full') : w('failed') }
      }
    },
  })
  const there = part.place && renderer.places().find((one) => one.page === part.place.page && one.entry === part.place.entry)
  if (there) renderer.go(there)
}

// Put what was answered back in, entry by entry.
function restore(instance, values) {
  for (const [path, value] of Object.entries(values)) {
    let at = ''
    for (const step of path.split('/')) {
      const [, name, place] = /^([^[]+)(?:\[(\d+)\])?$/.exec(step)
      const parent = instance.at(at)
      while (place && parent && parent.like(name).length < Number(place)) instance.add(parent, name)
      at = at ? `${at}/${step}` : step
    }
    const point = instance.at(path)
    if (point && ANSWERED.includes(point.node.type)) instance.set(point, value)
  }
  instance.settle()
}

let keeping = Promise.resolve()

// Keep a draft, sealed, one writing after the other.
function keep(draft) {
  const { key } = session
  const copy = structuredClone(draft)
  const before = unsaved
  unsaved = true
  keeping = keeping.catch(() => {}).then(async () => {
    try {
      const sealed = await vault.close(key, copy, `draft ${copy.id}`)
      await store.put('drafts', copy.id, { id: copy.id, ...sealed })
      if (before) notice()
      unsaved = false
    } catch (problem) {
      notice(w(problem instanceof store.Full ? 'full' : 'failed'))
      throw problem
    }
  })
  keeping.catch(() => {})
  return keeping
}

// -- reading aloud -----------------------------------------------------------------------------------------------

function listen(words, code, audio = '') {
  const means = speech.means(code, audio)
  if (!means || words.length < 40) return ''
  const heard = means === 'machine' ? `${w('listen')} (${w('machine_voice')})` : w('listen')
  return element('p', { class: 'field-listen' }, element('button', { type: 'button', class: 'field-say', title: heard, 'aria-label': heard, onclick: () => speech.say(words, code, audio) }, '▶ ', w(means === 'machine' ? 'listen' : 'recording')))
}

async function rightsScreen(code = language) {
  redraw = () => rightsScreen(code)
  const there = about.rights.find((one) => one.language === code) ?? about.rights[0]
  const answer = await fetch(there.url).catch(() => null)
  if (!answer?.ok) return notice(w('missing_form'))
  const text = await answer.json()
  const choose = element('select', { class: 'govuk-select', id: 'rights-language', onchange: (event) => rightsScreen(event.target.value) },
    ...about.rights.map((one) => element('option', { value: one.language, lang: one.language, selected: one.language === text.language }, named(one.language))))
  const means = speech.means(text.language, text.parts.find((part) => part.audio)?.audio)
  const page = element('div', { lang: text.language, class: 'field-rights' })
  for (const part of text.parts) {
    const tag = part.kind === 'h2' ? 'h2' : 'p'
    page.append(element(tag, { class: part.kind === 'h2' ? 'govuk-heading-m' : `govuk-body${part.kind === 'li' ? ' field-item' : ''}` }, part.text), listen(part.text, text.language, part.audio))
  }
  screen(
    w('rights'),
    element('p', {}, element('label', { class: 'govuk-label', for: 'rights-language' }, w('read')), choose),
    means === 'machine' ? line(w('machine_voice'), 'field-notice') : means ? '' : line(w('no_voice'), 'field-notice'),
    text.verified ? '' : line(w('unread'), 'govuk-hint'),
    quiet(w('stop'), speech.stop),
    element('button', { type: 'button', class: 'govuk-button govuk-button--secondary', 'aria-pressed': 'false', onclick: (event) => event.target.setAttribute('aria-pressed', String(page.classList.toggle('field-rights--large'))) }, w('large')),
    page,
    button(w('home'), homeScreen),
  )
}

// -- sending -----------------------------------------------------------------------------------------------------

const arrived = async (owner) => (await store.all('queue')).filter((one) => one.state === 'arrived' && one.owner === owner).length

async function synchronise(asked = false, again = false) {
  clearTimeout(retry)
  if (!session) return
  const mine = session
  if (asked) notice(w('syncing'))
  if (!again) asks = 0
  const before = again ? await arrived(mine.phone.owner) : -1
  try {
    await net.sync(about, mine)
    failures = 0
  } catch (problem) {
    if (problem instanceof net.Revoked) {
      session = null
      await keeping.catch(() => {})
      await store.wipe()
      wipedScreen('wiped_revoked')
      return
    }
    if (session !== mine) return
    if (problem instanceof net.NoNetwork) retry = setTimeout(synchronise, 1000 * RETRY[Math.min(failures++, RETRY.length - 1)])
    if (asked || problem instanceof net.NotNow || problem instanceof store.Full) {
      notice(w(problem instanceof net.NotNow ? 'not_now' : problem instanceof store.Full ? 'full' : 'offline'))
    }
    return
  }
  if (session !== mine) return
  const left = await arrived(mine.phone.owner)
  if (left) retry = setTimeout(() => synchronise(false, true), 1000 * ASK_AGAIN[Math.min(asks++, ASK_AGAIN.length - 1)])
  // A list that shows what waits is drawn anew where there is news; questions that are being answered are left alone.
  if (session === mine && left !== before && (redraw === homeScreen || redraw === sentScreen)) await redraw()
}

// What the phone needs to finish a report, and everything that waits.
async function ready() {
  const mine = session
  try {
    await net.fetchPack(about, mine.token)
  } catch {
    // Without a network the one from before stands; the next step says what is wrong, if anything is.
  }
  await synchronise()
}

// -- beginning ---------------------------------------------------------------------------------------------------

let pending = ''

function oneWindow() {
  const hold = (steal) =>
    navigator.locks
      .request('notes-window', steal ? { steal: true } : { ifAvailable: true }, (lock) => {
        if (!lock) return otherTab()
        start()
        // Held for as long as this window is there.
        return new Promise(() => {})
      })
      .catch(() => {
        // Another window took it over: nothing here may write any more.
        session = null
        unsaved = false
        otherTab()
      })
  const otherTab = () => {
    redraw = otherTab
    screen(w('other_tab'), button(w('use_here'), () => hold(true)))
  }
  hold(false)
}

async function start() {
  if (await vault.isLocked()) {
    const phone = await store.get('state', 'phone')
    // A PIN was chosen and nothing came of it: begin anew.
    if (!phone && pending && !(await store.get('state', 'joining'))) return joinScreen(pending)
    return unlockScreen()
  }
  return joinScreen(pending)
}

async function begins() {
  const [, code = ''] = /^#c=([\w-]+)$/.exec(location.hash) ?? []
  pending = code
  // The code is in the address for no longer than this.
  history.replaceState(null, '', location.pathname)
  // From the first moment: a code that is opened while this window still begins is heeded too.
  addEventListener('hashchange', () => location.hash.startsWith('#c=') && location.reload())
  language = about.words[navigator.language.split('-')[0]] ? navigator.language.split('-')[0] : 'en'
  if (!window.isSecureContext) return screen(w('title'), line(w('not_secure')))
  if (!globalThis.CompressionStream || !navigator.locks || !crypto.randomUUID) return screen(w('title'), line(w('too_old')))
  language = (await store.get('state', 'language').catch(() => '')) || language
  oneWindow()
  for (const name of ['pointerdown', 'keydown']) addEventListener(name, () => (touched = Date.now()), true)
  setInterval(() => session && Date.now() - touched > IDLE && lock(), 10_000)
  addEventListener('online', () => synchronise())
  document.addEventListener('visibilitychange', () => !document.hidden && synchronise())
  // A page that comes back from the browser's memory is locked again.
  addEventListener('pageshow', (event) => event.persisted && location.reload())
  await engine().catch(() => {})
  // Where the network broke by now, it is fetched when this is opened again.
  await navigator.serviceWorker?.register(about.worker).catch(() => {})
}

begins()
