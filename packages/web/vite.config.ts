import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { viteSingleFile } from 'vite-plugin-singlefile'
import { contentSecurityPolicy } from './content-security-policy.ts'

// The page is the same whoever builds it: tests and developers set other values, and React has another build for them.
process.env['NODE_ENV'] = 'production'

/** The report page as one file without a single request: dist/report.html. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  build: {
    target: 'es2023',
    // dist/app is the other build's.
    emptyOutDir: false,
    rolldownOptions: { input: 'report.html' },
    modulePreload: false,
    reportCompressedSize: false,
  },
  plugins: [react(), viteSingleFile(), contentSecurityPolicy()],
})
