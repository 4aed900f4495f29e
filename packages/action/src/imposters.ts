import type { Imposter } from '@runwarden/events'
import {
  isNearLimit,
  largestFile,
  readApi,
  readRepositoryFile,
  workflowCommit,
} from './github-api.ts'

/** An action, or a workflow, that is pinned to a commit. */
export interface Pinned {
  /** As the workflow has it. */
  uses: string
  /** `owner/name` */
  repository: string
  sha: string
}

export interface Looked {
  imposters: Imposter[]
  /** What could not be found out; a sentence each. */
  warnings: string[]
}

/** Of the whole look: the job waits for it. */
const wholeMs = 4000
/** Of a workflow. */
const mostPinned = 40
/** Branches that are compared with: the API has them in no useful order. */
const mostBranches = 20

/** What a workflow file pins to a commit: of its text, since also what a job does not run can be looked at. */
export function pinnedIn(workflow: string): Pinned[] {
  const found = new Map<string, Pinned>()
  const line =
    /^[ \t-]*uses:[ \t]+["']?(([\w.-]+\/[\w.-]+)(?:\/[^@\s"']*)?@([\da-f]{40}))(?![\w.-])/gm
  for (const [, uses = '', repository = '', sha = ''] of workflow.matchAll(line))
    if (!/(^|\/)\.{1,2}(\/|$)/.test(repository)) found.set(uses, { uses, repository, sha })
  return [...found.values()]
}

/**
 * Looks whether the commits that the workflow pins actions to are of their repositories. GitHub gives any commit of any fork
 * by the name of the repository that was forked: a pin to one runs what nobody there has ever merged. A commit is its
 * repository's when a branch or a tag leads to it.
 */
export async function findImposters(env: NodeJS.ProcessEnv, token: string): Promise<Looked> {
  const signal = AbortSignal.timeout(wholeMs)
  const warnings: string[] = []
  let pinned: Pinned[]
  try {
    pinned = pinnedIn(await readRepositoryFile(workflowPath(env), env, token, largestFile, wholeMs))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { imposters: [], warnings: [`Pinned actions were not looked at: ${why}`] }
  }
  if (pinned.length > mostPinned)
    warnings.push(`Of ${pinned.length} pinned actions, ${mostPinned} were looked at.`)
  const answers = new Map<string, Promise<unknown>>()
  let isNear = false
  const api = async (path: string): Promise<unknown> => {
    const known = answers.get(path)
    if (known !== undefined) return known
    if (isNear) throw new NearLimit()
    const answer = readApi(path, env, token, signal, (reply) => {
      isNear ||= isNearLimit(reply)
    })
    answers.set(path, answer)
    return answer
  }
  const imposters: Imposter[] = []
  let left = 0
  const look = async (one: Pinned): Promise<void> => {
    try {
      if (!(await isOwn(one, api))) imposters.push({ uses: one.uses, repository: one.repository })
    } catch (error) {
      if (error instanceof NearLimit) {
        left++
        return
      }
      const why = error instanceof Error ? error.message : String(error)
      warnings.push(`Whether ${one.uses} is a commit of its repository was not found out: ${why}`)
    }
  }
  const some = pinned.slice(0, mostPinned)
  // The first answer tells what is left of the limit.
  if (some[0] !== undefined) await api(`repos/${some[0].repository}`).catch(() => {})
  await Promise.all(some.map(look))
  if (left > 0)
    warnings.push(
      `Whether ${left} pinned actions are commits of their repositories was not found out: less than a fifth is left of the requests that the token may make in an hour.`,
    )
  return { imposters, warnings }
}

class NearLimit extends Error {}

/** From the root of its repository. */
function workflowPath(env: NodeJS.ProcessEnv): string {
  const { repository } = workflowCommit(env)
  const [path = ''] = (env['GITHUB_WORKFLOW_REF'] ?? '').split('@')
  return path.startsWith(`${repository}/`) ? path.slice(repository.length + 1) : path
}

/** The quickest ways first: most pins are of the newest commits, or of tags. */
async function isOwn(
  { repository, sha }: Pinned,
  api: (path: string) => Promise<unknown>,
): Promise<boolean> {
  const repo = `repos/${repository}`
  const about = await api(repo)
  // Another server's, or one that the token may not see: GitHub's runner could not have it either, if it were so.
  if (about === null) throw new Error(`${repository} cannot be seen`)
  const base = text(about, 'default_branch')
  const leads = async (branch: string): Promise<boolean> => {
    const range = `${encodeURIComponent(branch)}...${sha}`
    const compared = await api(`${repo}/compare/${range}?per_page=1`)
    return compared !== null && ['behind', 'identical'].includes(text(compared, 'status'))
  }
  if (await leads(base)) return true
  const heads = list(await api(`${repo}/commits/${sha}/branches-where-head`))
  if (heads.length > 0) return true
  const tags = list(await api(`${repo}/tags?per_page=100`))
  if (tags.some((tag) => shaOf(tag) === sha)) return true
  const refs = list(await api(`${repo}/git/matching-refs/tags`))
  // A pin to the tag's own object.
  if (refs.some((ref) => text(ref['object'], 'sha') === sha)) return true
  const branches = list(await api(`${repo}/branches?per_page=100`)).map((one) => text(one, 'name'))
  const others = branches.filter((branch) => branch !== base && branch !== '')
  for (const branch of others.slice(0, mostBranches)) if (await leads(branch)) return true
  if (others.length > mostBranches)
    throw new Error(`${repository} has ${others.length} branches, and ${mostBranches} were asked`)
  return false
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : []
}

function text(value: unknown, key: string): string {
  const found = (value as Record<string, unknown> | null | undefined)?.[key]
  return typeof found === 'string' ? found : ''
}

function shaOf(tag: Record<string, unknown>): string {
  return text(tag['commit'], 'sha')
}
