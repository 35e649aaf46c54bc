// Reads a text out: a recording where the pack has one; else a voice of the phone, which is said to be a machine; else
// the text, large. A voice that would ask a server is never used: what is read here is nobody's business.

let playing = null

export function stop() {
  playing?.pause()
  playing = null
  globalThis.speechSynthesis?.cancel()
}

const voiceOf = (language) =>
  (globalThis.speechSynthesis?.getVoices() ?? []).find(
    (voice) => voice.localService && voice.lang.toLowerCase().split(/[-_]/)[0] === language,
  )

// What there is for a language: 'recording', 'machine' or ''.
export const means = (language, audio = '') => (audio ? 'recording' : voiceOf(language) ? 'machine' : '')

export function say(words, language, audio = '') {
  stop()
  if (audio) {
    playing = new Audio(audio)
    return playing.play()
  }
  const voice = voiceOf(language)
  if (!voice) return null
  const spoken = new SpeechSynthesisUtterance(words)
  Object.assign(spoken, { voice, lang: voice.lang, rate: 0.9 })
  speechSynthesis.speak(spoken)
  return null
}
