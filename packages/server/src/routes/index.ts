import type { Register } from '../context.ts'
import { register as health } from './health.ts'

/** Every resource of the API. */
export const registers: readonly Register[] = [health]
