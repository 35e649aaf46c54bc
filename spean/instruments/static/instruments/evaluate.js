// The value of an expression in an instrument that is being answered.
//
// The twin of spean/instruments/evaluate.py: same order, same names; a change here is a change there, and the shared
// cases in tests/instruments/cases.json run in both. Values are text, numbers, truth, days (Day) and lists of Points.

const NUMBER = /^[ \t\r\n]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\r\n]*$/
const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
const DAY = 86400000
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
const WEEKDAYS = 'Sun Mon Tue Wed Thu Fri Sat'.split(' ')

// A node of an instrument being answered, or of a list of choices: what a path walks over.
export class Point {
  constructor(name, parent, node = {}) {
    this.name = name
    this.parent = parent
    this.node = node
    this.children = []
    this.byName = new Map()
    this.raw = ''
    this.value = ''
    this.relevant = true
    // Whether it must be worked out again, and what must be when its value is another.
    this.stale = true
    this.readers = new Set()
  }

  add(child, before = null) {
    this.children.splice(before ? this.children.indexOf(before) : this.children.length, 0, child)
    if (!this.byName.has(child.name)) this.byName.set(child.name, [])
    this.byName.get(child.name).push(child)
  }

  like(name) {
    return this.byName.get(name) ?? []
  }
}

// A day as a number since 1970 and as text; null is what cannot be read as one.
export class Day {
  constructor(days) {
    this.days = days
  }

  get text() {
    const at = this.days === null ? null : new Date(Math.floor(this.days) * DAY)
    return at === null || isNaN(at) ? 'Invalid Date' : at.toISOString().slice(0, 10)
  }
}

// Days since 1970 of a date such as 2026-01-31; null for anything else.
export function dayOf(text) {
  const found = DATE.exec(text)
  if (!found || found[1] === '0000') return null
  const at = new Date(`${text}T00:00:00Z`)
  return isNaN(at) || at.getUTCDate() !== Number(found[3]) ? null : at.getTime() / DAY
}

export function numberOf(text) {
  const days = dayOf(text)
  if (days !== null) return days
  return NUMBER.test(text) ? Number(text) : NaN
}

export function toText(value) {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return Number.isNaN(value) ? '' : String(value)
  if (value instanceof Day) return value.text
  return value.length ? value[0].value : ''
}

export function toNumber(value) {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof Day) return value.days ?? NaN
  return numberOf(toText(value))
}

export function toTruth(value) {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return !Number.isNaN(value) && value !== 0
  if (value instanceof Day) return Boolean(value.days)
  return value.length > 0
}

// `=` where `same`, else `!=`. A list of nodes is equal to whatever one of its nodes is equal to.
function equal(left, right, same) {
  if (typeof left === 'boolean' || typeof right === 'boolean') return (toTruth(left) === toTruth(right)) === same
  if (Array.isArray(left)) {
    if (Array.isArray(right)) return left.some((one) => right.some((other) => (one.value === other.value) === same))
    return left.some((one) => equal(one.value, right, same))
  }
  if (Array.isArray(right)) return right.some((one) => equal(left, one.value, same))
  if (typeof left !== 'string' || typeof right !== 'string') return (toNumber(left) === toNumber(right)) === same
  return (left === right) === same
}

const ORDER = {
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}

const numbers = (value) => (Array.isArray(value) ? value.map((one) => numberOf(one.value)) : [toNumber(value)])

const ARITHMETIC = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  div: (left, right) => left / right,
  mod: (left, right) => left % right,
}

// The value of a tree (see xpath.py) at a place: { point, position, size, current, world }.
export function evaluate(tree, where) {
  if (!Array.isArray(tree)) return tree
  const kind = tree[0]
  if (kind === 'path') return nodes(tree, where)
  if (kind === 'call') return FUNCTIONS[tree[1]](tree.slice(2), where)
  if (kind === 'neg') return -toNumber(evaluate(tree[1], where))
  const left = evaluate(tree[1], where)
  if (kind === 'and') return toTruth(left) ? evaluate(tree[2], where) : left
  if (kind === 'or') return toTruth(left) ? left : evaluate(tree[2], where)
  const right = evaluate(tree[2], where)
  if (kind === '=' || kind === '!=') return equal(left, right, kind === '=')
  if (ORDER[kind]) return numbers(left).some((one) => numbers(right).some((other) => ORDER[kind](one, other)))
  return ARITHMETIC[kind](toNumber(left), toNumber(right))
}

// The nodes that a path leads to, in document order.
export function nodes(tree, where) {
  const start = tree[1]
  let first = 2
  let found
  if (start === '/') {
    found = tree.length > 2 && tree[2][0] === where.world.root.name ? [where.world.root] : []
    first = 3
  } else if (start === 'current') found = [where.current]
  else if (start === '.') found = [where.point]
  else found = [where.world.items(start[1])]
  for (let at = first; at < tree.length; at++) {
    const step = tree[at]
    const name = step[0]
    const there = []
    for (const point of found) {
      let group
      if (name === '.') group = [point]
      else if (name === '..') group = point.parent && !there.includes(point.parent) ? [point.parent] : []
      else group = point.like(name)
      for (let number = 1; number < step.length; number++) group = filter(group, step[number], where)
      there.push(...group)
    }
    found = there
  }
  where.world.saw(found)
  return found
}

function filter(group, predicate, where) {
  return group.filter((point, index) => {
    const value = evaluate(predicate, { ...where, point, position: index + 1, size: group.length })
    return typeof value === 'number' ? value === index + 1 : toTruth(value)
  })
}

// --- functions ----------------------------------------------------------------------------------------------

const words = (value) => value.split(/[ \t\r\n]+/).filter(Boolean)
const text = (args, at, where) => toText(evaluate(args[at], where))
const number = (args, at, where) => toNumber(evaluate(args[at], where))
const allNumbers = (args, where) => args.flatMap((one) => numbers(evaluate(one, where)))
const allTexts = (args, where) =>
  args.flatMap((one) => {
    const value = evaluate(one, where)
    return Array.isArray(value) ? value.map((point) => point.value) : [toText(value)]
  })

function extreme(choose) {
  return (args, where) => {
    const all = allNumbers(args, where)
    return all.length && !all.some(Number.isNaN) ? choose(...all) : NaN
  }
}

function round(args, where) {
  const value = number(args, 0, where)
  const places = args.length > 1 ? number(args, 1, where) : 0
  if (!isFinite(value) || !isFinite(places)) return Math.abs(value) === Infinity ? value : NaN
  const shift = 10 ** places
  // Halves go away from zero, on both sides of it.
  return (Math.floor(Math.abs(value) * shift + 0.5) / shift) * (value < 0 ? -1 : 1)
}

function substr(args, where) {
  const whole = text(args, 0, where)
  const bounds = [0, whole.length]
  for (const place of [1, 2]) {
    if (args.length <= place) continue
    const asked = Math.trunc(Math.max(Math.min(number(args, place, where) || 0, whole.length), -whole.length))
    bounds[place - 1] = asked < 0 ? asked + whole.length : asked
  }
  // Half of a sign is no sign.
  return bounds[0] <= bounds[1] ? whole.slice(bounds[0], bounds[1]).replace(HALF, '\ufffd') : ''
}

function position(args, where) {
  if (!args.length) return where.position
  const [point] = evaluate(args[0], where)
  if (!point) return NaN
  return point.parent ? point.parent.like(point.name).indexOf(point) + 1 : 1
}

function date(args, where) {
  const value = evaluate(args[0], where)
  if (typeof value === 'boolean') return ''
  if (typeof value === 'number') return new Day(Number.isNaN(value) ? null : value)
  const written = toText(value)
  return written === '' ? '' : new Day(dayOf(written))
}

function decimalDate(args, where) {
  const value = evaluate(args[0], where)
  if (typeof value === 'number' || value instanceof Day) return toNumber(value)
  return dayOf(toText(value)) ?? NaN
}

function formatDate(args, where) {
  const days = dayOf(text(args, 0, where))
  if (days === null) return ''
  const at = new Date(days * DAY)
  const two = (count) => String(count).padStart(2, '0')
  const year = String(at.getUTCFullYear()).padStart(4, '0')
  const signs = {
    '%Y': year,
    '%y': year.slice(2),
    '%m': two(at.getUTCMonth() + 1),
    '%n': String(at.getUTCMonth() + 1),
    '%b': MONTHS[at.getUTCMonth()],
    '%d': two(at.getUTCDate()),
    '%e': String(at.getUTCDate()),
    '%a': WEEKDAYS[at.getUTCDay()],
  }
  return text(args, 1, where).replace(/%[YymnbdeaHhMS3]/g, (sign) => signs[sign] ?? sign)
}

function sum(args, where) {
  const all = allNumbers(args, where)
  return all.length ? all.reduce((total, one) => total + one) : NaN
}

function selectedAt(args, where) {
  const place = number(args, 1, where)
  return words(text(args, 0, where))[isFinite(place) ? Math.trunc(place) : -1] ?? ''
}

const whole = (method) => (args, where) => method(number(args, 0, where))

export const FUNCTIONS = {
  true: () => true,
  false: () => false,
  not: (args, where) => !toTruth(evaluate(args[0], where)),
  boolean: (args, where) => toTruth(evaluate(args[0], where)),
  if: (args, where) => evaluate(args[toTruth(evaluate(args[0], where)) ? 1 : 2], where),
  coalesce: (args, where) => text(args, 0, where) || text(args, 1, where),
  selected: (args, where) => words(text(args, 0, where)).includes(text(args, 1, where).replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')),
  'selected-at': selectedAt,
  'count-selected': (args, where) => words(text(args, 0, where)).length,
  count: (args, where) => evaluate(args[0], where).length,
  'count-non-empty': (args, where) => evaluate(args[0], where).filter((point) => point.value !== '').length,
  sum,
  min: extreme(Math.min),
  max: extreme(Math.max),
  number: (args, where) => number(args, 0, where),
  string: (args, where) => text(args, 0, where),
  int: whole(Math.trunc),
  abs: whole(Math.abs),
  round,
  concat: (args, where) => allTexts(args, where).join(''),
  join: (args, where) => allTexts(args.slice(1), where).join(text(args, 0, where)),
  'string-length': (args, where) => text(args, 0, where).length,
  substr,
  contains: (args, where) => text(args, 0, where).includes(text(args, 1, where)),
  'starts-with': (args, where) => text(args, 0, where).startsWith(text(args, 1, where)),
  'ends-with': (args, where) => text(args, 0, where).endsWith(text(args, 1, where)),
  'normalize-space': (args, where) => words(text(args, 0, where)).join(' '),
  regex: (args, where) => new RegExp(text(args, 1, where)).test(text(args, 0, where)),
  position,
  today: (args, where) => new Day(dayOf(where.world.today)),
  date,
  'decimal-date-time': decimalDate,
  'format-date': formatDate,
  'jr:choice-name': (args, where) => where.world.choiceName(text(args, 0, where), args[1], where),
}
