// ODK Web Forms as its README embeds it; ready when the form's first field is there.
import { createApp, h } from 'vue'
import { OdkWebForm, webFormsPlugin } from '@getodk/web-forms'
import { ready } from './ready.js'

const formXml = await (await fetch(document.body.dataset.form)).text()
const none = () => Promise.reject(new Error('no form of this bench brings files'))
const holder = document.getElementById('form')
const seen = new MutationObserver(() => {
  if (!holder.querySelector('input')) return
  seen.disconnect()
  ready()
})
seen.observe(holder, { childList: true, subtree: true })
createApp({ render: () => h(OdkWebForm, { formXml, fetchFormAttachment: none }) }).use(webFormsPlugin).mount(holder)
