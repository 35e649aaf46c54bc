'use strict'
// Everything of one version, kept whole: a phone never runs half of an update. The next start after it came uses it.
const NAME = 'field-{{ version }}'
const FILES = {{ files|safe }}

addEventListener('install', (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES.map((one) => new Request(one, { cache: 'reload' })))))
})

addEventListener('activate', (event) => {
  const old = (names) => Promise.all(names.filter((name) => name.startsWith('field-') && name !== NAME).map((name) => caches.delete(name)))
  event.waitUntil(caches.keys().then(old).then(() => clients.claim()))
})

addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin || !FILES.includes(pathname)) return
  // A cache that the system emptied is filled again from the network.
  event.respondWith(
    caches.open(NAME).then(async (cache) => {
      const kept = await cache.match(pathname)
      if (kept) return kept
      const answer = await fetch(request)
      if (answer.ok) cache.put(pathname, answer.clone()).catch(() => {})
      return answer
    }),
  )
})
