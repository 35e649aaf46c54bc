// The lock of the phone. A PIN opens a key, the key opens drafts and the token; without the PIN neither can be read.
//
// Wrong PINs are counted before they are tried, so that killing the browser takes none back. After the tenth the
// drafts and the token are destroyed. What waits to be sent stays: it is sealed to the server, and this key never
// opened it.

import * as store from './store.js'

// OWASP's figure for PBKDF2 with SHA-256 (Password Storage Cheat Sheet). A new lock is made with it; one that is
// there keeps its own.
const ITERATIONS = 600_000
export const SHORTEST = 8
export const MOST_WRONG = 10
const WAITS = [0, 0, 0, 5, 15, 30, 60, 120, 300, 300]
const text = new TextEncoder()
let uncounted = null

export class WrongPin extends Error {
  constructor(left) {
    super('wrong')
    this.left = left
  }
}

export class Wait extends Error {
  constructor(seconds) {
    super('wait')
    this.seconds = seconds
  }
}

export const isEasy = (pin) => {
  const steps = '01234567890123456789'
  const back = [...steps].reverse().join('')
  return new Set(pin).size < 3 || steps.includes(pin) || back.includes(pin) || /^(password|12341234|11223344)/i.test(pin)
}

async function keyOf(pin, salt, iterations) {
  const typed = await crypto.subtle.importKey('raw', text.encode(pin.normalize('NFKC')), 'PBKDF2', false, ['deriveKey'])
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, typed, { name: 'AES-GCM', length: 256 }, false,
    ['wrapKey', 'unwrapKey'],
  )
}

const random = (length) => crypto.getRandomValues(new Uint8Array(length))

// A new lock: the key that it opens.
export async function make(pin) {
  const salt = random(16)
  const iv = random(12)
  const pinKey = await keyOf(pin, salt, ITERATIONS)
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt'])
  const wrapped = await crypto.subtle.wrapKey('raw', key, pinKey, { name: 'AES-GCM', iv })
  await store.change(['state'], ({ state }) => {
    state.put({ salt, iv, wrapped, iterations: ITERATIONS }, 'lock')
    state.delete('wrong')
  })
  return open(pin, { salt, iv, wrapped, iterations: ITERATIONS })
}

async function open(pin, { salt, iv, wrapped, iterations }) {
  const pinKey = await keyOf(pin, salt, iterations)
  // Not extractable from here on: no script can read its bytes.
  return crypto.subtle.unwrapKey('raw', wrapped, pinKey, { name: 'AES-GCM', iv }, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

export const isLocked = async () => Boolean(await store.get('state', 'lock'))

// The key; raises Wait, or WrongPin with how many tries are left. With none left, everything but the queue is gone.
export async function unlock(pin) {
  const lock = await store.get('state', 'lock')
  const { count = 0, until = 0 } = (await store.get('state', 'wrong')) ?? uncounted ?? {}
  // A clock that was set back must not lock anybody out for years.
  const wait = Math.min(until - Date.now(), 300_000)
  if (wait > 0) throw new Wait(Math.ceil(wait / 1000))
  const tried = count + 1
  const wrong = { count: tried, until: Date.now() + 1000 * (WAITS[tried] ?? 300) }
  try {
    await store.put('state', 'wrong', wrong)
  } catch (problem) {
    // With a full memory nobody could get at what waits. Counted for as long as this page is open, then.
    if (!(problem instanceof store.Full)) throw problem
    uncounted = wrong
  }
  let key = null
  try {
    key = await open(pin, lock)
  } catch {
    // Below.
  }
  if (key) {
    uncounted = null
    await store.remove('state', 'wrong').catch(() => {})
    return key
  }
  if (tried >= MOST_WRONG) await store.wipe({ waiting: true })
  throw new WrongPin(MOST_WRONG - tried)
}

// Something as JSON, sealed. `about` is where it belongs: elsewhere it does not open. Its length tells little.
export async function close(key, thing, about) {
  const written = JSON.stringify(thing)
  const plain = text.encode(written)
  const padded = new Uint8Array(Math.ceil((plain.length + 1) / 512) * 512).fill(32)
  padded.set(plain)
  const iv = random(12)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: text.encode(about) }, key, padded)
  return { iv, sealed }
}

export async function read(key, { iv, sealed }, about) {
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: text.encode(about) }, key, sealed)
  return JSON.parse(new TextDecoder().decode(plain))
}
