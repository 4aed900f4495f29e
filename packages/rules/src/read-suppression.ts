import type { DocumentReader } from '@runwarden/policy/document'
import { isMap } from 'yaml'
import { type Suppression, type SuppressionKey, suppressionKeys } from './rule.ts'

/**
 * One entry of `suppress`; null with problems noted.
 * @param ids of all detections that there are
 */
export function readSuppression(
  reader: DocumentReader,
  node: unknown,
  ids: readonly string[],
): Suppression | null {
  if (!isMap(node)) {
    reader.problem(node, 'a suppression is a mapping with "reason:" and what it is about')
    return null
  }
  const match = new Map<SuppressionKey, string>()
  let reason: string | null = null
  for (const { key, value } of reader.entries(node, ['reason', ...suppressionKeys])) {
    const text = reader.text(value)
    if (text === null) continue
    const known = suppressionKeys.find((one) => one === key)
    if (known === undefined) reason = text
    else match.set(known, text)
    if (known === 'id') checkId(reader, value, text, ids)
  }
  if (reason === null)
    reader.problem(node, 'a suppression says why: reason: "our formatter rewrites sources"')
  if (match.size === 0)
    reader.problem(node, `names nothing to suppress: ${suppressionKeys.join(', ')}`)
  return reason === null ? null : { reason, match, where: reader.whereOf(node) }
}

function checkId(reader: DocumentReader, node: unknown, id: string, ids: readonly string[]): void {
  if (id === 'agent-tampered') reader.problem(node, 'is never suppressed')
  else if (!/[*?]/.test(id) && !ids.includes(id))
    reader.problem(
      node,
      "is no detection ('runwarden rules list' shows them)",
      reader.nearest(id, ids),
    )
}
