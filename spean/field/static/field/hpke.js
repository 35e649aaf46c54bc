// Seals a report to the server's key so that this phone cannot open it again: HPKE, RFC 9180, base mode, one message,
// DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Only sealing, only this suite, only WebCrypto.

const text = new TextEncoder()
const VERSION = text.encode('HPKE-v1')
const KEM = new Uint8Array([...text.encode('KEM'), 0, 0x10])
const NOTHING = new Uint8Array()

const join = (...parts) => {
  const made = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    made.set(part, at)
    at += part.length
  }
  return made
}

async function hmac(key, data) {
  // WebCrypto takes no empty key; HMAC fills up with zeros anyway.
  const made = await crypto.subtle.importKey('raw', key.length ? key : new Uint8Array(32), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', made, data))
}

const extract = (suite, salt, label, secret) => hmac(salt, join(VERSION, suite, text.encode(label), secret))

// At most 32 bytes: one round.
const expand = async (suite, key, label, info, length) =>
  (await hmac(key, join(new Uint8Array([0, length]), VERSION, suite, text.encode(label), info, new Uint8Array([1])))).slice(0, length)

const CURVE = { name: 'ECDH', namedCurve: 'P-256' }

// The sender's part and the sealed text, one after the other. `publicKey` is the point, uncompressed. For the vectors of
// the RFC the sender's pair and the length of the key (16 for AES-128) can be given, and what else is authenticated.
export async function seal(publicKey, info, plain, { pair = null, length = 32, additionalData = NOTHING } = {}) {
  const suite = new Uint8Array([...text.encode('HPKE'), 0, 0x10, 0, 1, 0, length === 32 ? 2 : 1])
  const to = await crypto.subtle.importKey('raw', publicKey, CURVE, true, [])
  const own = pair ?? (await crypto.subtle.generateKey(CURVE, false, ['deriveBits']))
  const sender = new Uint8Array(await crypto.subtle.exportKey('raw', own.publicKey))
  const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: to }, own.privateKey, 256))
  const drawn = await extract(KEM, NOTHING, 'eae_prk', shared)
  const secret = await expand(KEM, drawn, 'shared_secret', join(sender, publicKey), 32)
  const context = join(
    new Uint8Array([0]), await extract(suite, NOTHING, 'psk_id_hash', NOTHING), await extract(suite, NOTHING, 'info_hash', info),
  )
  const root = await extract(suite, secret, 'secret', NOTHING)
  const raw = await expand(suite, root, 'key', context, length)
  const iv = await expand(suite, root, 'base_nonce', context, 12)
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, plain)
  return join(sender, new Uint8Array(sealed))
}
