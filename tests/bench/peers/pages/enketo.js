// Enketo's core with its widgets, given the form as its server transformed it; ready when it has begun.
import { Form } from 'enketo-core'
import './enketo.scss'
import { ready } from './ready.js'

const { form, model } = await (await fetch(document.body.dataset.form)).json()
const holder = document.getElementById('form')
holder.querySelector('.form-header').insertAdjacentHTML('afterend', form)
const begun = new Form(holder.querySelector('form.or'), { modelStr: model, submitted: false }, {})
window.loadErrors = begun.init()
ready()
