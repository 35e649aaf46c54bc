// Shows an instrument that is being answered, page by page, and takes the answers. Draws nothing but DOM nodes: no
// inline script or style, no text that could become markup. Knows neither where the definition comes from nor where
// the submission goes; `start.js` does, and the offline application in its own way.

import { element } from './element.js'
import { languageOf } from './engine.js'

const SHOWN = ['text', 'integer', 'decimal', 'date', 'select_one', 'select_multiple', 'note']
// More signs than this in a choice are a sentence: then each choice has a line of its own.
const LONG = 60
const CHOICES = ['select_one', 'select_multiple']

export class Renderer {
  // `words` are the texts of the page itself, in the language of whoever asks; `media` is where pictures lie,
  // `done(instance)` takes the submission, and `beside(words, language)` gives what stands beside a text that may be
  // read aloud.
  constructor(instance, { holder, words, media = '', done, changed = () => {}, beside = () => '' }) {
    Object.assign(this, { instance, holder, words, media, done, changed, beside })
    this.stops = 0
    this.errors = new Map()
    this.at = this.places()[0]
    this.draw()
  }

  // -- where we are --------------------------------------------------------------------------------------------

  // Every place that can be shown now: a page, or one entry of a page that is a repeat.
  places() {
    const found = []
    this.instance.definition.pages.forEach((paths, page) => {
      const points = paths.flatMap((path) => this.likes(path))
      const repeat = points.length && points[0].node.kind === 'repeat'
      if (repeat) points.forEach((point, entry) => point.relevant && found.push({ page, entry, points: [point] }))
      else if (paths.length === 1 && !points.length && this.repeat(paths[0])) found.push({ page, entry: -1, points: [] })
      else if (points.some((point) => this.shown(point).length)) found.push({ page, entry: 0, points })
    })
    return found
  }

  likes(path) {
    const at = path.lastIndexOf('/')
    return this.instance.at(at < 0 ? '' : path.slice(0, at))?.like(path.slice(at + 1)) ?? []
  }

  // The holder and name of the repeat at a path, if it is one that can be added to now.
  repeat(path) {
    const at = path.lastIndexOf('/')
    const holder = this.instance.at(at < 0 ? '' : path.slice(0, at))
    const node = holder?.node.nodes?.find((child) => child.name === path.slice(at + 1))
    return holder?.relevant && node?.kind === 'repeat' ? { holder, node } : null
  }

  here(places) {
    const found = places.findIndex((place) => place.page === this.at.page && place.entry === this.at.entry)
    return found < 0 ? Math.max(0, places.findIndex((place) => place.page >= this.at.page)) : found
  }

  shown(point) {
    return [...this.instance.points(point)].filter((one) => one.relevant && SHOWN.includes(one.node.type))
  }

  go(place) {
    this.at = place
    this.errors.clear()
    this.draw()
    this.holder.querySelector('h2, legend, label')?.scrollIntoView()
  }

  // -- drawing -------------------------------------------------------------------------------------------------

  draw() {
    const places = this.places()
    const number = this.here(places)
    this.at = places[number]
    const form = element('form', { novalidate: true, onsubmit: (event) => this.onward(event) })
    if (this.instance.language) form.lang = this.instance.language
    this.parts = this.standing()
    form.append(this.languages(), ...this.summary(), ...this.parts.flatMap((part) => part.nodes), this.buttons(number))
    this.focused(() => this.holder.replaceChildren(form))
    this.relabel(places, number)
  }

  // What is drawn depends on answers. Only what an answer changed is drawn anew: on a slow phone that is most of what
  // it costs, and whatever has the finger on it stays.
  redraw() {
    const places = this.places()
    const number = this.here(places)
    if (places[number].page !== this.at.page || places[number].entry !== this.at.entry) {
      this.draw()
      return
    }
    const before = new Map(this.parts.map((part) => [part.point, part]))
    this.parts = this.standing(before)
    const stays = new Set(this.parts)
    this.focused(() => {
      let next = this.holder.querySelector('.instrument-buttons')
      for (const part of before.values()) if (!stays.has(part)) part.nodes.forEach((node) => node.remove())
      for (const node of this.parts.flatMap((part) => part.nodes).reverse()) {
        if (node.nextSibling !== next) next.before(node)
        next = node
      }
    })
    this.relabel(places, number)
  }

  // What has the focus keeps it, and what is being typed stays as it was typed, the blank at its end too.
  focused(change) {
    const focused = document.activeElement
    const caret = focused?.selectionStart
    const typed = focused?.value
    change()
    const again = focused?.id && document.getElementById(focused.id)
    if (!again || again === document.activeElement || !this.holder.contains(again)) return
    again.focus()
    if (typeof caret === 'number') {
      again.value = typed
      again.setSelectionRange(caret, caret)
    }
  }

  // What stands on the page now, part by part: of those drawn `before`, by their node, whatever still says the same.
  standing(before = new Map()) {
    return this.at.points.flatMap((top) => this.visible(top)).map((point) => {
      const said = this.said(point)
      const part = before.get(point)
      return part?.said === said ? part : { point, said, nodes: this.part(point) }
    })
  }

  // The headings and questions below a node, and itself, in their order.
  visible(point) {
    if (!point.relevant) return []
    if (point.node.kind === 'field') return SHOWN.includes(point.node.type) ? [point] : []
    return [point, ...point.children.flatMap((child) => this.visible(child))]
  }

  // Every word of a heading or question, without drawing it.
  said(point) {
    const { node } = point
    const said = [this.say(node.label, point).words]
    if (node.kind === 'repeat') said.push(point.parent.like(point.name).indexOf(point))
    if (node.kind === 'field') said.push(this.say(node.hint, point).words, this.instance.required(point))
    if (CHOICES.includes(node.type)) said.push(...this.instance.offered(point).map((item) => this.say(item.label, point).words))
    return JSON.stringify(said)
  }

  relabel(places, number) {
    const next = this.holder.querySelector('.instrument-next')
    const words = number === places.length - 1 ? this.words.send : this.words.next
    // The same words put in anew would be another node under the finger, and the tap that left a field be lost.
    if (next.textContent !== words) next.textContent = words
  }

  languages() {
    const codes = this.instance.definition.languages
    if (codes.length < 2) return ''
    // A browser without a language's own words calls it by an English name, which its speaker cannot read.
    const own = { km: 'ខ្មែរ', lo: 'ລາວ', my: 'မြန်မာ', th: 'ไทย', vi: 'Tiếng Việt' }
    const names = (code) => own[code] ?? new Intl.DisplayNames([code], { type: 'language' }).of(code)
    const select = element(
      'select',
      {
        class: 'govuk-select',
        id: 'instrument-language',
        onchange: (event) => {
          this.instance.language = event.target.value
          this.instance.settle()
          this.draw()
        },
      },
      ...codes.map((code) => element('option', { value: code, lang: code, selected: code === this.instance.language }, names(code))),
    )
    return element(
      'div',
      { class: 'instrument-language' },
      element('label', { class: 'govuk-label', for: select.id, lang: this.words.language }, this.words.read),
      select,
    )
  }

  summary() {
    if (!this.errors.size) return []
    const links = [...this.errors].map(([path, { words, lang }]) =>
      element('li', {}, element('a', { lang, href: `#f-${path}`, onclick: (event) => this.jump(event, path) }, words)),
    )
    return [
      element(
        'div',
        { class: 'govuk-error-summary', role: 'alert', tabindex: '-1', 'aria-labelledby': 'instrument-wrong' },
        element('h2', { class: 'govuk-error-summary__title', id: 'instrument-wrong', lang: this.words.language }, this.words.error),
        element('ul', { class: 'govuk-list govuk-error-summary__list' }, ...links),
      ),
    ]
  }

  jump(event, path) {
    event.preventDefault()
    const field = document.getElementById(`f-${path}`)
    ;(field?.matches('fieldset') ? field.querySelector('input') : field)?.focus()
  }

  // A text in the person's language. What is not read to the person has none in it: that stands in the language of
  // whoever asks, and says so.
  say(texts, point) {
    const { language, definition } = this.instance
    const code = languageOf(texts, [language, this.words.language, definition.language])
    return { words: this.instance.words(texts, point, code), code, lang: code !== language && code }
  }

  // A text of the page itself.
  own(name) {
    return { words: this.words[name], code: this.words.language, lang: this.words.language }
  }

  part(point) {
    const { node } = point
    const label = this.say(node.label, point)
    if (node.kind !== 'field') {
      const place = node.kind === 'repeat' ? ` ${point.parent.like(point.name).indexOf(point) + 1}` : ''
      return label.words || place ? [element('h2', { class: 'govuk-heading-m', lang: label.lang }, `${label.words}${place}`)] : []
    }
    const aloud = this.beside(label.words, label.code)
    if (node.type === 'note') return [element('p', { class: 'govuk-body', lang: label.lang }, label.words), aloud].filter(Boolean)
    const path = this.instance.path(point)
    const error = this.errors.get(path)
    const hint = this.say(node.hint, point)
    const described = [hint.words && `h-${path}`, error && `e-${path}`].filter(Boolean).join(' ')
    const around = [
      aloud,
      hint.words && element('div', { class: 'govuk-hint', id: `h-${path}`, lang: hint.lang }, hint.words),
      error && element('p', { class: 'govuk-error-message', id: `e-${path}`, lang: error.lang }, error.words),
    ]
    if (CHOICES.includes(node.type)) return [this.choice(point, path, label, around, described, error)]
    if (node.type === 'date') return [this.date(point, path, label, around, described, error)]
    return [this.line(point, path, label, around, described, error)]
  }

  choice(point, path, label, around, described, error) {
    const { node } = point
    const many = node.type === 'select_multiple'
    const chosen = point.value.split(' ')
    const items = this.instance.offered(point).map((item) => [item, this.say(item.label, point)])
    const sentences = items.some(([, said]) => said.words.length > LONG) ? ' path-chip--long' : ''
    const chip = (name, { words, code, lang }, picture, look) => {
      const id = `f-${path}-${name}`
      const change = (event) => {
        const rest = point.value.split(' ').filter((one) => one && one !== name)
        this.answer(point, many ? [...rest, ...(event.target.checked ? [name] : [])].join(' ') : name)
      }
      const one = element(
        'div',
        { class: `path-chip ${look}` },
        element('input', {
          type: many ? 'checkbox' : 'radio', name: `f-${path}`, id, value: name,
          checked: name ? chosen.includes(name) : point.value === '', onchange: change,
        }),
        element('label', { for: id, lang }, picture && element('img', { src: this.media + picture, alt: '' }), words),
      )
      return [one, this.beside(words, code)]
    }
    const chips = items.flatMap(([item, said]) =>
      chip(item.name, said, this.media && item.image, `${['yes', 'no'].includes(item.name) ? 'path-chip--first' : ''}${sentences}`))
    // A radio button cannot be taken back otherwise.
    if (!many && !this.instance.required(point)) chips.push(...chip('', this.own('unanswered'), '', 'path-chip--quiet'))
    return element(
      'fieldset',
      { class: `path-question${error ? ' path-question--error' : ''}`, id: `f-${path}`, 'aria-describedby': described },
      element('legend', { lang: label.lang }, label.words),
      ...around,
      element('div', { class: 'path-chips' }, ...chips),
    )
  }

  line(point, path, label, around, described, error) {
    const { node } = point
    const common = {
      id: `f-${path}`, autocomplete: 'off', 'aria-describedby': described,
      // At once, not when the field is left: a page that is drawn anew then would swallow the tap on its button.
      oninput: (event) => this.answer(point, event.target.value.trim(), !event.isComposing),
      onchange: () => this.redraw(),
    }
    let field
    if (node.appearance === 'multiline') {
      field = element('textarea', { ...common, class: 'govuk-textarea', rows: '4' })
      field.value = point.value
    } else {
      const mode = { integer: 'numeric', decimal: 'decimal' }[node.type]
      field = element('input', { ...common, class: `govuk-input${mode ? ' govuk-input--width-5' : ''}`, inputmode: mode, value: point.value })
    }
    return element(
      'div',
      { class: `govuk-form-group${error ? ' govuk-form-group--error' : ''}` },
      element('label', { class: 'govuk-label govuk-label--s', for: `f-${path}`, lang: label.lang }, label.words),
      ...around,
      field,
    )
  }

  // Three fields: the browser's own calendar speaks the language of the browser and not of the person.
  date(point, path, label, around, described, error) {
    // What was left blank was filled with zeros, so that all three can be told apart.
    const given = point.value.split('-').map((part) => part.replace(/^0+$/, ''))
    const parts = [this.words.year, this.words.month, this.words.day]
    const inputs = parts.map((name, index) =>
      element('input', { class: `govuk-input govuk-input--width-${index ? 2 : 4}`, id: `f-${path}-${index}`, inputmode: 'numeric', autocomplete: 'off', value: given[index] ?? '' }),
    )
    const typed = () => {
      const [year, month, day] = inputs.map((input) => input.value.trim())
      const written = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
      this.answer(point, year || month || day ? written : '')
    }
    inputs.forEach((input) => {
      input.addEventListener('input', typed)
      input.addEventListener('change', () => this.redraw())
    })
    const cells = [2, 1, 0].map((index) =>
      element('div', { class: 'govuk-date-input__item' }, element('label', { class: 'govuk-label', for: `f-${path}-${index}` }, parts[index]), inputs[index]),
    )
    return element(
      'fieldset',
      { class: `path-question${error ? ' path-question--error' : ''}`, id: `f-${path}`, 'aria-describedby': described },
      element('legend', { lang: label.lang }, label.words),
      ...around,
      element('div', { class: 'govuk-date-input' }, ...cells),
    )
  }

  buttons(number) {
    const paths = this.instance.definition.pages[this.at.page]
    const repeat = paths.length === 1 ? this.repeat(paths[0]) : null
    const entries = repeat ? repeat.holder.like(repeat.node.name) : []
    const quiet = (words, onclick) => element('button', { type: 'button', class: 'govuk-button govuk-button--secondary', onclick }, words)
    return element(
      'p',
      { class: 'instrument-buttons' },
      element('button', { class: 'govuk-button instrument-next' }),
      repeat && this.at.entry === entries.length - 1 ? quiet(this.words.add, () => this.add(repeat)) : '',
      repeat && entries.length > 1 ? quiet(this.words.remove, () => this.remove(entries[this.at.entry])) : '',
      number ? quiet(this.words.back, () => this.back()) : '',
    )
  }

  back() {
    const places = this.places()
    this.go(places[Math.max(0, this.here(places) - 1)])
  }

  // -- answering -----------------------------------------------------------------------------------------------

  answer(point, value, redraw = true) {
    this.instance.set(point, value)
    this.instance.settle()
    this.changed(this.instance)
    if (redraw) this.redraw()
  }

  add({ holder, node }) {
    if (!this.right()) return
    this.instance.add(holder, node.name)
    this.instance.settle()
    this.changed(this.instance)
    this.go({ page: this.at.page, entry: this.at.entry + 1, points: [] })
  }

  remove(point) {
    this.instance.remove(point)
    this.instance.settle()
    this.changed(this.instance)
    this.go({ page: this.at.page, entry: Math.max(0, this.at.entry - 1), points: [] })
  }

  // Whether everything shown here is answered as it must be; what is not is said.
  right() {
    this.errors.clear()
    for (const point of this.at.points.flatMap((top) => this.shown(top))) {
      const wrong = this.instance.violation(point)
      const message = wrong && this.say(point.node[`${wrong.code}_message`], point)
      if (wrong) this.errors.set(wrong.path, message.words ? message : this.own(wrong.code))
    }
    if (!this.errors.size) return true
    this.draw()
    this.holder.querySelector('.govuk-error-summary').focus()
    return false
  }

  async onward(event) {
    event.preventDefault()
    const wrong = this.errors.size
    if (!this.right()) return
    const places = this.places()
    const number = this.here(places)
    if (number < places.length - 1) {
      this.go(places[number + 1])
      return
    }
    // A second tap on a slow network must not send it again.
    if (this.stops) return
    this.stops = 1
    // What was wrong is right now, and says so while it is being sent.
    if (wrong) this.draw()
    try {
      await this.done(this.instance)
    } catch (problem) {
      this.stops = 0
      const said = this.own('failed')
      this.errors.set(problem.path || '', problem.message ? { ...said, words: problem.message } : said)
      this.draw()
      this.holder.querySelector('.govuk-error-summary').focus()
    }
  }
}
