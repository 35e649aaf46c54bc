// What lies on the phone, in IndexedDB. Nothing that anybody said is handed over here but sealed.
//
// state: the lock, the wrapped token, the phone's own facts · drafts: sealed, by id · queue: reports sealed to the
// server, and what became of them · forms: definitions that were opened, by name and version

const NAME = 'notes'
const STORES = ['state', 'drafts', 'queue', 'forms']
let opened = null

// The phone's memory is full. What was to be kept is where it was.
export class Full extends Error {}

function open() {
  opened ??= new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1)
    asked.onupgradeneeded = () => STORES.forEach((name) => asked.result.createObjectStore(name))
    asked.onerror = () => failed(asked.error)
    asked.onsuccess = () => {
      // A wipe in another window must not wait for this one.
      asked.result.onversionchange = () => close()
      asked.result.onclose = () => { opened = null }
      done(asked.result)
    }
  })
  return opened
}

async function close() {
  const database = await opened?.catch(() => null)
  opened = null
  database?.close()
}

// One transaction: `work` is given the stores by name, and all of what it asked for happens, or nothing.
export async function change(names, work, mode = 'readwrite') {
  let database
  try {
    database = await open()
  } catch (problem) {
    opened = null
    throw problem?.name === 'QuotaExceededError' ? new Full() : problem
  }
  return new Promise((done, failed) => {
    // On the disk before it is said to be kept: a phone is switched off at any time.
    const transaction = database.transaction(names, mode, { durability: 'strict' })
    let result
    transaction.oncomplete = () => done(result?.result)
    transaction.onabort = () => {
      const { error } = transaction
      failed(error?.name === 'QuotaExceededError' ? new Full() : error ?? new Error('aborted'))
    }
    try {
      result = work(Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)])))
    } catch (problem) {
      transaction.abort()
      failed(problem?.name === 'QuotaExceededError' ? new Full() : problem)
    }
  })
}

const read = (name, work) => change([name], (stores) => work(stores[name]), 'readonly')

export const get = (name, key) => read(name, (store) => store.get(key))
export const all = (name) => read(name, (store) => store.getAll())
export const put = (name, key, value) => change([name], (stores) => stores[name].put(value, key))
export const remove = (name, key) => change([name], (stores) => stores[name].delete(key))

// Everything is forgotten. With `waiting` what is sealed to the server stays: nobody here can read it.
export async function wipe({ waiting = false } = {}) {
  if (waiting) {
    await change(['state', 'drafts', 'forms'], (stores) => Object.values(stores).forEach((store) => store.clear()))
    return
  }
  await change(STORES, (stores) => Object.values(stores).forEach((store) => store.clear()))
  await close()
  await new Promise((done) => {
    const asked = indexedDB.deleteDatabase(NAME)
    asked.onsuccess = asked.onerror = asked.onblocked = done
  })
  for (const name of (await globalThis.caches?.keys()) ?? []) await caches.delete(name)
  for (const one of (await navigator.serviceWorker?.getRegistrations()) ?? []) await one.unregister()
}
