// An instrument being answered: its values, what is relevant, what is calculated, and what is still wrong.
//
// The twin of spean/instruments/engine.py. It touches neither the page nor the network, so that the offline
// application, the page and the tests use the very same lines.

import { Point, dayOf, evaluate, toText, toTruth } from './evaluate.js'

const SELECTS = ['select_one', 'select_multiple']
const ANSWERED = ['text', 'integer', 'decimal', 'date', ...SELECTS]
const LONGEST = { text: 5000, integer: 10, decimal: 20, date: 10 }
export const MOST_REPEATS = 200

// Every node below this one with its path, in document order.
export function* walk(node, path = '') {
  for (const child of node.nodes ?? []) {
    const here = path ? `${path}/${child.name}` : child.name
    yield [here, child]
    yield* walk(child, here)
  }
}

// The first of these languages that a text has, else any that it has.
export function languageOf(texts, languages) {
  return languages.find((code) => texts?.[code]) ?? Object.keys(texts ?? {})[0] ?? ''
}

export class Instance {
  // `stamps` are what the place says and not the person: start, end, today, deviceid, instance.
  constructor(definition, { today, stamps = {}, language = '' }) {
    this.definition = definition
    this.today = today
    this.stamps = { today, ...stamps }
    this.language = language || definition.language
    this.lists = new Map()
    // What the node reads that is being worked out, and the language in which everything was.
    this.read = new Set()
    this.settled = null
    this.root = this.make(definition.root, null)
    this.settle()
  }

  // -- making ------------------------------------------------------------------------------------------------

  make(node, parent, added = false) {
    const point = new Point(node.name, parent, node)
    if (node.kind === 'field') point.raw = (node.preload ? this.stamps[node.preload] : node.default) ?? ''
    for (const child of node.nodes ?? []) {
      // An entry that is added begins with no entries of the repeats in it; the first one, with one.
      if (!added || child.kind !== 'repeat') point.add(this.make(child, point, added))
    }
    return point
  }

  // One more of a repeat, after the last. Call `settle` when done.
  add(parent, name) {
    const node = parent.node.nodes.find((child) => child.name === name)
    const there = parent.like(name)
    this.settled = null
    if (there.length >= MOST_REPEATS) throw new Error(`a repeat has at most ${MOST_REPEATS} entries`)
    const made = this.make(node, parent, true)
    if (there.length) {
      parent.add(made, parent.children[parent.children.indexOf(there.at(-1)) + 1])
    } else {
      const names = parent.node.nodes.map((child) => child.name)
      const later = names.slice(names.indexOf(name) + 1)
      parent.add(made, parent.children.find((child) => later.includes(child.name)))
    }
    return made
  }

  // Take one of a repeat away. Call `settle` when done.
  remove(point) {
    const { parent } = point
    this.settled = null
    parent.children.splice(parent.children.indexOf(point), 1)
    const like = parent.like(point.name)
    like.splice(like.indexOf(point), 1)
  }

  // -- finding -----------------------------------------------------------------------------------------------

  // Every node in document order, the root first.
  *points(from = this.root) {
    yield from
    for (const child of from.children) yield* this.points(child)
  }

  // `people[2]/age`: where a node stands; entries of repeats are counted from 1.
  path(point) {
    const names = []
    for (; point.parent; point = point.parent) {
      const place = point.parent.like(point.name).indexOf(point) + 1
      names.unshift(point.node.kind === 'repeat' ? `${point.name}[${place}]` : point.name)
    }
    return names.join('/')
  }

  // The node at a path, or undefined.
  at(path) {
    let point = this.root
    for (const step of path ? path.split('/') : []) {
      const [, name, place] = /^([^[]+)(?:\[(\d+)\])?$/.exec(step)
      point = point?.like(name)[Number(place ?? 1) - 1]
    }
    return point
  }

  // A list of choices as nodes, for filters: instance('list')/root/item.
  items(name) {
    if (!this.lists.has(name)) {
      const top = new Point('', null)
      const root = new Point('root', top)
      top.add(root)
      for (const item of this.definition.lists[name] ?? []) {
        const entry = new Point('item', root)
        for (const [column, value] of Object.entries({ name: item.name, ...item.more })) {
          const cell = new Point(column, entry)
          cell.raw = cell.value = value
          entry.add(cell)
        }
        root.add(entry)
      }
      this.lists.set(name, top)
    }
    return this.lists.get(name)
  }

  // The choices that a question offers now.
  offered(point) {
    const every = this.definition.lists[point.node.list] ?? []
    const tree = point.node.filter
    if (tree === undefined) return every
    const entries = this.items(point.node.list).children[0].children
    return every.filter((item, index) =>
      toTruth(
        evaluate(tree, { point: entries[index], position: index + 1, size: every.length, current: point, world: this }),
      ),
    )
  }

  // The words of a choice, for jr:choice-name; `path` is the tree that names the question.
  choiceName(value, path, where) {
    const [question] = evaluate(path, where)
    const item = (this.definition.lists[question?.node.list] ?? []).find((one) => one.name === value)
    return item ? this.words(item.label, where.point) : ''
  }

  // A text in the language in use or in another, with the values that it names put in.
  words(texts, point, code = languageOf(texts, [this.language, this.definition.language])) {
    const parts = texts?.[code] ?? ''
    if (!Array.isArray(parts)) return parts
    return parts.map((part) => (typeof part === 'string' ? part : toText(this.valueOf(part, point)))).join('')
  }

  // -- answering ---------------------------------------------------------------------------------------------

  // What was answered, as text; for several choices their names with spaces between. Call `settle` when done.
  set(point, value) {
    if (point.node.type === 'select_multiple') {
      const chosen = new Set(value.split(/\s+/).filter(Boolean))
      const every = (this.definition.lists[point.node.list] ?? []).map((item) => item.name)
      const strange = [...chosen].filter((name) => !every.includes(name)).sort()
      value = [...every.filter((name) => chosen.has(name)), ...strange].join(' ')
    }
    point.raw = written(point.node.type, value)
    point.stale = true
  }

  valueOf(tree, point) {
    return evaluate(tree, { point, position: 1, size: 1, current: point, world: this })
  }

  truth(tree, point) {
    return toTruth(this.valueOf(tree, point))
  }

  // Called with every node that an expression reads the value of, or counts.
  saw(points) {
    for (const point of points) this.read.add(point)
  }

  // Work out what is relevant and what is calculated, until nothing changes any more. A node is worked out again only
  // where something that it read is another since; after another language or other entries, every node is.
  settle() {
    const every = [...this.points()]
    if (this.settled !== this.language) every.forEach((point) => (point.stale = true))
    this.settled = this.language
    for (let left = every.length + 2; left; left--) {
      let changed = false
      for (const point of every) changed = this.settleOne(point) || changed
      if (!changed) return
    }
    throw new Error(`${this.definition.id} never comes to rest`)
  }

  settleOne(point) {
    if (!point.stale) return false
    point.stale = false
    this.read.clear()
    const changed = this.workOut(point)
    for (const one of this.read) one.readers.add(point)
    if (!changed) return false
    for (const one of [...point.readers, ...point.children]) one.stale = true
    return true
  }

  workOut(point) {
    const { node } = point
    let relevant = !point.parent || point.parent.relevant
    if (relevant && node.relevant !== undefined) relevant = this.truth(node.relevant, point)
    let value = ''
    if (relevant) {
      if (node.calculate !== undefined) point.raw = toText(this.valueOf(node.calculate, point))
      value = point.raw
      if (value && SELECTS.includes(node.type)) {
        const open = new Set(this.offered(point).map((item) => item.name))
        value = value
          .split(/\s+/)
          .filter((name) => open.has(name))
          .join(' ')
      }
    }
    if (value === point.value && relevant === point.relevant) return false
    point.value = value
    point.relevant = relevant
    return true
  }

  required(point) {
    return point.node.required !== undefined && this.truth(point.node.required, point)
  }

  // What is wrong with one answer: { path, code } with required, constraint or type; or null.
  violation(point) {
    const { node } = point
    if (!point.relevant || !ANSWERED.includes(node.type)) return null
    let code = ''
    if (point.value === '') code = this.required(point) ? 'required' : ''
    else if (!fits(node.type, point.value)) code = 'type'
    else if (node.constraint !== undefined && !this.truth(node.constraint, point)) code = 'constraint'
    return code ? { path: this.path(point), code } : null
  }

  violations() {
    return [...this.points()].map((point) => this.violation(point)).filter(Boolean)
  }

  // -- handing over ------------------------------------------------------------------------------------------

  // The submission: what is relevant, in the order of the instrument.
  xml() {
    return xml(this.root, ` id="${escape(this.definition.id)}" version="${escape(this.definition.version)}"`)
  }

  // Every answer that is relevant and not blank, by its path: what a draft keeps.
  values() {
    const found = {}
    for (const point of this.points()) {
      if (point.relevant && point.value !== '' && point.node.kind === 'field') found[this.path(point)] = point.value
    }
    return found
  }
}

// Whether text can be a value of a type.
export function fits(kind, value) {
  if (value.length > (LONGEST[kind] ?? LONGEST.text)) return false
  if (kind === 'integer') return /^-?[0-9]+$/.test(value)
  if (kind === 'decimal') return /^-?[0-9]+(\.[0-9]+)?$/.test(value)
  if (kind === 'date') return dayOf(value) !== null
  return true
}

// One way to write each value: letters whichever keyboard wrote them, numbers as ODK's programs do (7, 1.0, 1.5).
function written(kind, value) {
  if (kind === 'integer' && fits(kind, value)) return value.replace(/^(-?)0+(?=[0-9])/, '$1')
  if (kind === 'decimal' && fits(kind, value)) {
    const [whole, part = ''] = value.replace(/^(-?)0+(?=[0-9])/, '$1').split('.')
    return `${whole}.${part.replace(/0+$/, '') || '0'}`
  }
  return value.normalize('NFC')
}

function escape(value) {
  return value.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign])
}

function xml(point, attributes = '') {
  if (!point.relevant) return ''
  const inner =
    point.node.kind === 'field' ? escape(point.value) : point.children.map((child) => xml(child)).join('')
  return inner ? `<${point.name}${attributes}>${inner}</${point.name}>` : `<${point.name}${attributes}/>`
}
