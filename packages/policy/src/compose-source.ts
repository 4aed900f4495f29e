import { parsePolicy, policyKeys, readDocument } from './document.ts'
import type { Policy } from './policy.ts'

/** A policy document by its name, for messages. */
export interface PolicyText {
  name: string
  text: string
}

/** A policy document, and which keys it has: what it leaves out, another one may say. */
export interface Source {
  name: string
  keys: ReadonlySet<string>
  policy: Policy
}

/** @throws PolicyError with every problem, by the document's name */
export function readSource({ name, text }: PolicyText): Source {
  const policy = parsePolicy(text, name)
  const keys = readDocument(text, name, (reader, root) =>
    reader.entries(root, policyKeys).map(({ key }) => key),
  )
  return { name, keys: new Set(keys), policy }
}
