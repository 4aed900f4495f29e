import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { packed } from './packed.ts'

// As in vite.config.ts: the app is the same whoever builds it.
process.env['NODE_ENV'] = 'production'

/** The app that the server has in its pages: dist/app, where all but index.html has its content's hash in its name. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  build: {
    target: 'es2023',
    outDir: 'dist/app',
    emptyOutDir: true,
    // The page's policy allows no data: for scripts and styles, and a request is kept for good.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: 'index.html' },
  },
  plugins: [react(), packed()],
})
