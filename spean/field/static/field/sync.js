// What goes to the server and what comes back. A report leaves the phone only for a receipt that names it and its bytes.

import { seal } from './hpke.js'
import * as store from './store.js'
import * as vault from './vault.js'

const text = new TextEncoder()
// Slow networks answer late: several at a time, so that each does not wait for the one before.
const AT_ONCE = 4
const PATIENCE = 120_000

// The server said that this phone was revoked.
export class Revoked extends Error {}
// It may not send at the moment.
export class NotNow extends Error {}
// There is no connection, or nobody who answers like our server.
export class NoNetwork extends Error {}

const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
const bytesOf = (written) => Uint8Array.from(atob(written), (sign) => sign.charCodeAt(0))
export const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest('SHA-256', data))
export const digestOf = async (written) => hex(await sha256(text.encode(written)))

async function ask(address, { token = '', ...options } = {}) {
  let answer, body
  try {
    answer = await fetch(address, {
      cache: 'no-store', credentials: 'omit', redirect: 'error', signal: AbortSignal.timeout(PATIENCE), ...options,
      headers: { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) },
    })
    body = await answer.json()
  } catch {
    // A page of a hotel's network is no JSON, and no answer of ours.
    throw new NoNetwork()
  }
  if (answer.status === 410 || answer.status === 403) {
    // Only who knew our token can show this: nobody on the way can have a phone wiped.
    if (body.proof !== (await digestOf(`spean field proof 1${await digestOf(token)}`))) throw new NoNetwork()
    throw answer.status === 410 ? new Revoked() : new NotNow()
  }
  return { status: answer.status, body }
}

// -- joining -----------------------------------------------------------------------------------------------------

// Bring the code. The token is made here and kept sealed before the server hears of its digest: after a break the same
// one is brought again. Answers false where the code cannot be used.
export async function join(about, key, code) {
  const kept = await store.get('state', 'joining')
  let token = kept ? await vault.read(key, kept, 'joining').catch(() => null) : null
  if (!code && !token) return false
  if (code && token?.code !== code) {
    token = { code, token: hex(crypto.getRandomValues(new Uint8Array(32))) }
    await store.put('state', 'joining', await vault.close(key, token, 'joining'))
  }
  const { status, body } = await ask(about.join, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code: token.code, token_hash: await digestOf(token.token) }),
  })
  if (status !== 201 || !body.device) {
    await store.remove('state', 'joining')
    return false
  }
  const sealed = await vault.close(key, token.token, 'token')
  await store.change(['state'], ({ state }) => {
    state.put(sealed, 'token')
    state.put({ code: body.device, owner: body.owner, off: off(body.time) }, 'phone')
    state.delete('joining')
  })
  return true
}

const off = (time) => (time ? Date.parse(time) - Date.now() : 0)

export async function tokenOf(key) {
  const sealed = await store.get('state', 'token')
  return sealed ? vault.read(key, sealed, 'token') : ''
}

// What is needed to finish a report: the server's key, and the questions after the screening.
export async function fetchPack(about, token) {
  const { status, body } = await ask(about.pack, { token })
  if (status === 200 && body.key) await store.put('state', 'pack', body)
}

// -- a report ----------------------------------------------------------------------------------------------------

// Seal what was recorded and let it wait. The draft goes in the same moment: there is never both, and never neither.
export async function finish({ id, form, after = '', draft, owner }) {
  const pack = await store.get('state', 'pack')
  const said = JSON.stringify({ form, after, sealed_at: new Date().toISOString() })
  const packed = new Response(new Blob([said]).stream().pipeThrough(new CompressionStream('gzip')))
  const plain = new Uint8Array(await packed.arrayBuffer())
  const info = text.encode(`spean report 1|${id}|${pack.key.name}`)
  const body = await seal(bytesOf(pack.key.public), info, plain)
  const report = { id, owner, key: pack.key.name, body, digest: hex(await sha256(body)), state: 'waiting', at: Date.now() }
  await store.change(['queue', 'drafts'], ({ queue, drafts }) => {
    queue.put(report, id)
    drafts.delete(draft)
  })
}

export const waiting = (reports, owner) => reports.filter((one) => one.body && one.owner === owner)

// Send everything that waits, then ask what became of it. `told` hears of each step. One window at a time.
export async function sync(about, { key, token, phone }, told = () => {}) {
  return navigator.locks.request('notes-sync', { ifAvailable: true }, async (lock) => {
    if (!lock) return
    const left = waiting(await store.all('queue'), phone.owner).sort((one, other) => one.at - other.at)
    let broken = null
    const send = async () => {
      while (left.length && !broken) {
        try {
          await sendOne(about, { key, token, phone }, left.shift())
          told()
        } catch (problem) {
          broken = problem
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, send))
    if (broken) throw broken
    const { status, body } = await ask(about.status, { token })
    if (status !== 200) return
    phone.off = off(body.time)
    await store.put('state', 'phone', phone)
    const pack = await store.get('state', 'pack')
    if (pack?.key.name !== body.key) await fetchPack(about, token)
    const found = new Map(body.reports.map((one) => [one.id, one]))
    for (const one of await store.all('queue')) {
      const said = found.get(one.id)
      // What was in conflict stays so: the server's number is of the other one.
      if (!one.body && said && one.state !== 'conflict' && one.owner === phone.owner) await learn(key, one, said)
    }
    told()
  })
}

async function sendOne(about, { key, token, phone }, one) {
  const { status, body } = await ask(`${about.report}${one.id}/`, {
    token, method: 'POST', body: one.body,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Digest': `sha-256=:${base64(await sha256(one.body))}:`,
      'X-Spean-Key': one.key,
      'X-Spean-Clock': new Date().toISOString(),
    },
  })
  const received = [200, 201, 202, 409].includes(status) && body.id === one.id && body.digest === one.digest && typeof body.code === 'string'
  if (received) {
    phone.off = off(body.time)
    const { body: _gone, ...rest } = one
    await learn(key, rest, body)
  } else if (status === 404) {
    throw new NotNow()
  } else {
    await store.put('queue', one.id, { ...one, trouble: body.code === 'too_many' ? 'too_many' : 'refused' })
  }
}

// Keep what the server said of a report: how it stands in the open, its code sealed.
async function learn(key, one, { state, code, reason = '', agency = '' }) {
  const about = await vault.close(key, { code, reason, agency }, `report ${one.id}`)
  await store.put('queue', one.id, { ...one, state, about })
}
