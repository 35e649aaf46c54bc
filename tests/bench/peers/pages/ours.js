// Our engine and renderer on a page of their own, as `start.js` and the app begin them.
import { Instance } from '/static/instruments/engine.js'
import { Renderer } from '/static/instruments/render.js'
import { ready } from '/ready.js'

const definition = await (await fetch(document.body.dataset.form)).json()
const now = new Date().toISOString()
const stamps = { start: now, end: now, deviceid: 'bench', instance: `uuid:${crypto.randomUUID()}` }
const words = { next: 'Continue', send: 'Finish', back: 'Back', add: 'Add another', remove: 'Remove', read: 'Read aloud in', unanswered: 'No answer', language: 'en' }
const instance = new Instance(definition, { today: now.slice(0, 10), stamps, language: 'en' })
new Renderer(instance, { holder: document.getElementById('form'), words, done: () => {} })
ready()
