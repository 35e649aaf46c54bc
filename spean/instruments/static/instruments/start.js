// Begins an instrument on the page that the server drew. Where anything of this fails, that page still works by itself.

import { Instance } from './engine.js'
import { Renderer } from './render.js'

const holder = document.getElementById('instrument')
const { definition, submit, language, ...words } = holder.dataset

async function start() {
  const answer = await fetch(definition, { credentials: 'same-origin' })
  if (!answer.ok) return
  const token = holder.querySelector('[name=csrfmiddlewaretoken]').value
  const now = () => new Date().toISOString()
  const stamps = { start: now(), end: now(), deviceid: 'page', instance: `uuid:${crypto.randomUUID()}` }
  const day = new Date()
  const today = new Date(day.getTime() - day.getTimezoneOffset() * 60000).toISOString().slice(0, 10)
  const instance = new Instance(await answer.json(), { today, stamps, language })
  new Renderer(instance, {
    holder,
    words: { ...words, language },
    done: async (filled) => {
      const sent = await fetch(submit, {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'Content-Type': 'text/xml', 'X-CSRFToken': token },
        body: filled.xml(),
      })
      const said = await sent.json().catch(() => ({}))
      if (!sent.ok) throw { path: said.path, message: words.failed }
      window.location.assign(said.page)
    },
  })
}

// crypto.randomUUID exists only over TLS or on this machine; elsewhere the page without a script is the way.
if (window.crypto?.randomUUID) start()
