import type { Report } from '@runwarden/events'
import { plain } from '@runwarden/events/plain'

/** What `minimumPermissions` grants, by permission. */
function needed(block: string): Map<string, string> {
  return new Map(
    [...block.matchAll(/^ {2}([a-z-]+): (read|write)/gm)].map(([, name = '', access = '']) => [
      name,
      access,
    ]),
  )
}

const weight: Record<string, number> = { none: 0, read: 1, write: 2 }

/** What the job was granted beside what it needed, sentence by sentence; empty: nothing to say. */
export function grantedBeside(report: Report): string[] {
  const { minimumPermissions: block, github } = report
  const { granted } = github
  if (block === null || granted === null) return []
  const needs = needed(block)
  const sentences: string[] = []
  const all = granted['*']
  if (all !== undefined)
    sentences.push(`The job was granted ${plain(all, 20)} of everything: this is all it needed.`)
  for (const [name, access] of Object.entries(granted)) {
    const least = needs.get(name)
    if (name === '*' || access === 'none') continue
    if (least === undefined) sentences.push(`${name}: ${access} was granted, and not needed.`)
    else if ((weight[access] ?? 0) > (weight[least] ?? 0))
      sentences.push(`${name}: ${access} was granted, and ${least} was enough.`)
  }
  for (const [name, access] of needs) {
    if ((weight[granted[name] ?? all ?? 'none'] ?? 0) < (weight[access] ?? 0))
      sentences.push(`${name}: ${access} was needed, and not granted.`)
  }
  return sentences.map((sentence) => plain(sentence, 200))
}
