import type { Verdict } from '@runwarden/events'
import type { StoredPolicy } from '@runwarden/events/control-plane'
import { explain, parseBlockList, parseEndpoint, type Policy, PolicyError } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { badRequest } from '../error.ts'
import { linesOf, type Source, sourcesOf } from '../policies/given.ts'

/** A destination of a job, and what is known of the job's policy. */
export interface AskedWhy {
  /** A document that its agent or the store says; null: there is none. */
  text: string | null
  policies: StoredPolicy[]
  /** As of docs/policy.md. */
  endpoint: string
  /** Of what was recorded. */
  rules: (string | null)[]
  blockList: string
}

export interface SaidWhy {
  /** Of each of the rules. */
  sources: (Source | null)[]
  /** null: the document is none that this version understands, or there is none. */
  explained: {
    verdict: Verdict
    reason: string
    rule: string | null
    source: Source | null
    near: { where: string; text: string; why: string }[]
    notes: string[]
  } | null
}

/** What verdicts call the policy of a job. */
const policyName = 'job policy'

/** @throws HttpError where the endpoint is none */
export function why({ text, policies, endpoint, rules, blockList }: AskedWhy): SaidWhy {
  const sourceOf = sourcesOf(text === null ? [] : linesOf(text, policies))
  const sources = rules.map((rule) => sourceOf(rule))
  const holds = readable(text)
  if (holds === null) return { sources, explained: null }
  try {
    const list = parseBlockList(blockList, 'block list')
    const { verdict, reason, rule, near, notes } = explain(holds, parseEndpoint(endpoint), list)
    const source = sourceOf(rule)
    return {
      sources,
      explained: { verdict, reason, rule, source, near: [...near], notes: [...notes] },
    }
  } catch (error) {
    if (error instanceof PolicyError) throw badRequest('query', 'host', error.message)
    throw error
  }
}

/** null: it is none that this version understands; agents may be newer. */
function readable(text: string | null): Policy | null {
  try {
    return text === null ? null : parsePolicy(text, policyName)
  } catch (error) {
    if (error instanceof PolicyError) return null
    throw error
  }
}
