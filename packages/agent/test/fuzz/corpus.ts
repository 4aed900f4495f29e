import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, 'corpus')

/** The inputs that are kept of a target, by name. */
export function kept(target: string): { name: string; input: Buffer }[] {
  const place = join(folder, target)
  if (!existsSync(place)) return []
  return readdirSync(place)
    .toSorted()
    .map((name) => ({ name, input: readFileSync(join(place, name)) }))
}

/** Keeps an input, and returns where. */
export function keep(target: string, input: Buffer, kind: 'new' | 'failed'): string {
  const place = join(folder, target)
  mkdirSync(place, { recursive: true })
  const name = `${kind}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`
  writeFileSync(join(place, name), input)
  return join(place, name)
}
