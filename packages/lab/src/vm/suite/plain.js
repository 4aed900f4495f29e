/**
 * Loaded first by programs of the suite: sources come into a guest without their types (checkout.ts), and are loaded
 * as they are.
 *
 *   node --import PLAIN.JS PROGRAM.ts
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

registerHooks({
  load: (url, context, next) =>
    url.endsWith('.ts')
      ? { format: 'module', source: readFileSync(new URL(url), 'utf8'), shortCircuit: true }
      : next(url, context),
})
