import { defineConfig } from 'vite'
import enketo from 'enketo-core/package.json' with { type: 'json' }

// Enketo names what an application may put in the place of its parts; this bench puts its own parts there.
const alias = Object.entries(enketo.browser).map(([find, file]) => ({
  find,
  replacement: `${import.meta.dirname}/node_modules/enketo-core/${file}`,
}))

export default defineConfig({
  resolve: { alias },
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    target: 'es2022',
    manifest: true,
    chunkSizeWarningLimit: 100_000,
    rollupOptions: {
      input: { web_forms: 'web_forms.js', enketo: 'enketo.js', transform: 'transform.js' },
      preserveEntrySignatures: 'strict',
      logLevel: 'silent',
    },
  },
})
