import type { GithubCall } from './call.ts'
import { mutationNeeds } from './mutations.ts'
import { permissionTable } from './permission-table.ts'

export type Access = 'read' | 'write'

export interface Need {
  permission: string
  access: Access
}

/** What a call needs of the token that it is made with. */
export interface Needs {
  /** The call, with names in braces in place of what varies. */
  endpoint: string
  /** Empty: nothing, or (`known` false) not known. */
  needs: readonly Need[]
  /** `any`: one of `needs` is enough; `unclear`: one is, or all are. */
  together: 'all' | 'any' | 'unclear'
  /** False: which permission it needs is not known. */
  known: boolean
  /** Permissions that GITHUB_TOKEN cannot be granted: the call needs another token. */
  ungrantable: readonly string[]
}

/** What a workflow's `permissions:` can name. `metadata` is granted always. */
const grantable = new Set([
  'actions',
  'artifact-metadata',
  'attestations',
  'checks',
  'contents',
  'deployments',
  'discussions',
  'id-token',
  'issues',
  'models',
  'packages',
  'pages',
  'pull-requests',
  'repository-projects',
  'security-events',
  'statuses',
  'vulnerability-alerts',
])

/** What the documentation's table lacks, from the pages of the endpoints; `-`: none is needed. */
const lacking = `
GET /repos/{owner}/{repo}/readme contents read
GET /repos/{owner}/{repo}/readme/{path} contents read
GET /rate_limit - read
GET /meta - read
GET /zen - read
GET /emojis - read
GET /versions - read
GET / - read
`

interface Row {
  verb: string
  template: string
  pattern: RegExp
  /** Letters that stand for themselves: of two that match the one with more is meant. */
  fixed: number
  needs: { permission: string; access: string }[]
}

let table: Map<string, Row[]> | undefined

/** Rows by verb; read when the first call is looked up. */
function rows(verb: string): Row[] {
  if (table === undefined) {
    table = new Map()
    const byEndpoint = new Map<string, Row>()
    for (const line of (permissionTable + lacking).split('\n')) {
      const [method = '', template = '', permission = '', access = ''] = line.split(' ')
      if (template === '') continue
      let row = byEndpoint.get(`${method} ${template}`)
      if (row === undefined) {
        row = {
          verb: method,
          template,
          pattern: patternOf(template),
          fixed: template.replaceAll(/\{\w+\}/g, '').length,
          needs: [],
        }
        byEndpoint.set(`${method} ${template}`, row)
        const ofVerb = table.get(method)
        if (ofVerb === undefined) table.set(method, [row])
        else ofVerb.push(row)
      }
      if (permission !== '-') row.needs.push({ permission, access })
    }
  }
  return table.get(verb) ?? []
}

/** Names that may have slashes in them. */
const deep = new Set(['path', 'ref', 'basehead', 'base', 'head', 'branch', 'dir', 'tag'])

function patternOf(template: string): RegExp {
  const source = template
    .split(/(\{\w+\})/)
    .map((part) => {
      if (!part.startsWith('{')) return part.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`)
      return deep.has(part.slice(1, -1)) ? '.+' : '[^/]+'
    })
    .join('')
  return new RegExp(`^${source}/?$`)
}

const nothing = { together: 'all', known: true, ungrantable: [] } as const

/** What a call needs, by GitHub's documentation. */
export function needsOf(call: GithubCall): Needs {
  const needs = readNeeds(call)
  // It ends up in comments of YAML: one line, and nothing that a terminal or a reader takes for more.
  return { ...needs, endpoint: needs.endpoint.replaceAll(/[^ -~…]/gu, '?') }
}

function readNeeds(call: GithubCall): Needs {
  const access = call.writes === true ? 'write' : 'read'
  switch (call.kind) {
    case 'rest':
      return restNeeds(call)
    case 'graphql':
      return graphqlNeeds(call)
    case 'git': {
      const endpoint = call.writes === true ? 'git push' : gitEndpoint(call.path)
      return { ...nothing, endpoint, needs: [{ permission: 'contents', access }] }
    }
    case 'upload':
      return {
        ...nothing,
        endpoint: 'upload of a release asset',
        needs: [{ permission: 'contents', access: 'write' }],
      }
    case 'packages':
      return {
        ...nothing,
        endpoint: access === 'write' ? 'push of a package' : 'pull of a package',
        needs: [{ permission: 'packages', access }],
      }
    case 'oidc':
      return {
        ...nothing,
        endpoint: 'OpenID Connect token',
        needs: [{ permission: 'id-token', access: 'write' }],
      }
    case 'models':
      return {
        ...nothing,
        endpoint: 'inference',
        needs: [{ permission: 'models', access: 'read' }],
      }
  }
}

/** What mutations need that are known; queries do not show whether they read more than everybody may. */
function graphqlNeeds({ mutations }: GithubCall): Needs {
  const fields = mutations ?? []
  const endpoint = mutations === null ? 'POST /graphql' : `mutation ${fields.join(', ')}`
  const needs: Need[] = []
  let known = mutations !== null
  let either = false
  for (const field of fields) {
    const permissions = mutationNeeds.get(field)
    if (permissions === undefined) known = false
    either ||= (permissions?.length ?? 0) > 1
    for (const permission of permissions ?? []) needs.push({ permission, access: 'write' })
  }
  if (!known) return { ...nothing, endpoint, needs: [], known: false }
  return { ...nothing, endpoint, needs, together: either && fields.length === 1 ? 'any' : 'all' }
}

function gitEndpoint(path: string): string {
  return path.includes('/info/lfs/') ? 'git lfs' : 'git fetch'
}

function restNeeds(call: GithubCall): Needs {
  const verb = call.method === 'HEAD' ? 'GET' : call.method
  if (/^\/(?:users|orgs|user)(?:\/[^/]+)?\/packages\//.test(call.path)) {
    const access = verb === 'GET' ? 'read' : 'write'
    return {
      ...nothing,
      endpoint: `${verb} …/packages/…`,
      needs: [{ permission: 'packages', access }],
    }
  }
  let found: Row | undefined
  for (const row of rows(verb)) {
    if ((found === undefined || row.fixed > found.fixed) && row.pattern.test(call.path)) found = row
  }
  if (found === undefined)
    return { ...nothing, endpoint: `${verb} ${shape(call.path)}`, needs: [], known: false }
  const needs: Need[] = []
  const ungrantable: string[] = []
  for (const { permission, access } of found.needs) {
    if (permission === 'metadata') continue
    if (grantable.has(permission))
      needs.push({ permission, access: access === 'read' ? 'read' : 'write' })
    else ungrantable.push(permission)
  }
  const names = new Set(found.needs.map(({ permission }) => permission))
  const endpoint = `${verb} ${found.template}`
  // Only a change of workflow files needs `workflows`, which the path of a file says and a commit does not.
  if (names.has('workflows') && names.has('contents'))
    return {
      ...nothing,
      endpoint,
      needs,
      ungrantable: /\/contents\/\.github\/workflows\//.test(call.path) ? ungrantable : [],
    }
  const together =
    names.size < 2
      ? 'all'
      : names.size === 2 && names.has('issues') && names.has('pull-requests')
        ? 'any'
        : 'unclear'
  return { endpoint, needs, together, known: true, ungrantable }
}

/** A path whose endpoint is not known, without what varies: numbers, hashes, names of repositories. */
function shape(path: string): string {
  return path
    .replace(/^\/repos\/[^/]+\/[^/]+/, '/repos/{owner}/{repo}')
    .replaceAll(/\/(?:\d+|[0-9a-f]{7,64})(?=\/|$)/g, '/{id}')
    .slice(0, 200)
}
