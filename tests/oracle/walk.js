// Random walks over one instrument in two engines at once, comparing the whole submission after every step.
//
// Loaded into a page by test_oracle.py. `walk` gives the steps, what both engines said after each, and the first
// difference, if there is one; the steps are replayed in Python afterwards.

import { loadForm } from '/oracle/index.js'
import { Instance } from '/ours/engine.js'

// A small generator with a seed, so that a failing walk can be walked again.
function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const WORDS = ['', '0', '1', '2', '17', 'a', 'b c', 'ក ខ', '<&>"\'', 'Sok Dara', ' x ', '012 345', 'x'.repeat(40)]
const DATES = ['', '1999-12-31', '2024-02-29', '2026-01-01', '2030-07-15']
const SILENT = ['meta', 'calculate', 'hidden', 'note']

function byReference(root) {
  const found = new Map()
  const visit = (node) => {
    found.set(node.currentState.reference, node)
    for (const child of node.currentState.children ?? []) visit(child)
  }
  visit(root)
  return found
}

// The submission as one line per node; what the moment says (times, numbers of the device) is left out.
function canonical(text, silent) {
  const lines = []
  const visit = (element, path) => {
    const here = `${path}/${element.localName}`
    const children = [...element.children]
    const value = children.length || silent.has(element.localName) ? '' : element.textContent
    lines.push(`${here}=${JSON.stringify(value)}`)
    children.forEach((child) => visit(child, here))
  }
  const read = new DOMParser().parseFromString(text, 'text/xml')
  if (read.querySelector('parsererror')) throw new Error(`no readable XML: ${text}`)
  visit(read.documentElement, '')
  return lines.join('\n')
}

function theirViolations(root) {
  return root.validationState.violations
    .map((one) => `${one.reference.replace(/^\/[^/]+\//, '')} ${one.violation.condition}`)
    .sort()
}

function choose(next, list) {
  return list[Math.floor(next() * list.length)]
}

function step(next, ours) {
  const open = [...ours.points()].filter((point) => point.relevant && point.node.kind === 'field' && !SILENT.includes(point.node.type))
  const repeats = [...ours.points()].flatMap((point) =>
    point.relevant ? (point.node.nodes ?? []).filter((child) => child.kind === 'repeat').map((child) => [point, child.name]) : [],
  )
  if (repeats.length && next() < 0.15) {
    const [parent, name] = choose(next, repeats)
    const number = parent.like(name).length
    const path = [ours.path(parent), name].filter(Boolean).join('/')
    if (number && next() < 0.4) return ['remove', path, String(Math.floor(next() * number) + 1)]
    if (number < 6) return ['add', path, '']
  }
  // Half of the time go on filling what is still empty, so that long instruments are filled at all.
  const empty = open.filter((point) => point.value === '')
  const point = choose(next, empty.length && next() < 0.5 ? empty : open)
  const kind = point.node.type
  let value = ''
  if (kind === 'select_one') value = next() < 0.1 ? '' : (choose(next, ours.offered(point)) ?? { name: '' }).name
  else if (kind === 'select_multiple') value = ours.offered(point).filter(() => next() < 0.25).map((item) => item.name).join(' ')
  else if (kind === 'integer') value = choose(next, ['', '0', '1', '3', '12', '17', '18', '40', '121', '-1'])
  else if (kind === 'decimal') value = choose(next, ['', '0', '0.5', '1.25', '-2', '17.9', '1000000'])
  else if (kind === 'date') value = choose(next, DATES)
  else value = choose(next, WORDS)
  return ['set', ours.path(point), value]
}

function apply(ours, [verb, path, value]) {
  if (verb === 'set') ours.set(ours.at(path), value)
  else {
    const parent = ours.at(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '')
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (verb === 'add') ours.add(parent, name)
    else ours.remove(parent.like(name)[Number(value) - 1])
  }
  ours.settle()
}

function applyTheirs(root, [verb, path, value], name) {
  const nodes = byReference(root)
  const reference = `/${name}/${path}`
  if (verb === 'set') {
    const node = nodes.get(reference)
    if (!node) throw new Error(`the oracle has no ${reference}`)
    if (node.nodeType === 'select') node.selectValues(value.split(' ').filter(Boolean))
    else node.setValue(value === '' && node.valueType !== 'string' ? null : node.valueType === 'int' ? BigInt(value) : node.valueType === 'decimal' ? Number(value) : value)
    return
  }
  const range = [...nodes.values()].find((node) => node.nodeType.startsWith('repeat-range') && node.currentState.reference === reference)
  if (verb === 'add') range.addInstances()
  else range.removeInstances(Number(value) - 1)
}

window.walk = async ({ xform, definition, seed, steps, today }) => {
  const loaded = await loadForm(xform)
  if (loaded.status === 'failure') throw loaded.error
  const theirs = loaded.createInstance().root
  const ours = new Instance(definition, { today })
  const silent = new Set([...ours.points()].filter((point) => point.node.type === 'meta').map((point) => point.name))
  const next = random(seed)
  const taken = []
  const said = []
  for (let number = 0; number <= steps; number++) {
    const done = number ? step(next, ours) : null
    if (done) {
      taken.push(done)
      apply(ours, done)
      applyTheirs(theirs, done, definition.root.name)
    }
    const mine = [canonical(ours.xml(), silent), ours.violations().filter((one) => one.code !== 'type').map((one) => `${one.path} ${one.code}`).sort().join('\n')]
    const other = [canonical(theirs.instanceState.instanceXML, silent), theirViolations(theirs).join('\n')]
    said.push(mine)
    for (const part of [0, 1]) {
      if (mine[part] !== other[part]) return { taken, said, difference: { number, done, ours: mine[part], oracle: other[part] } }
    }
  }
  return { taken, said, difference: null }
}
window.ready = true
