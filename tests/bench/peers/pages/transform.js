// What Enketo's server does with an XForm before a phone asks for it.
export { transform } from 'enketo-transformer/web'
