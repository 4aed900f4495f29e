import { isMethod, pathSegments } from './https-path.ts'
import { list, mapping, quoted } from './yaml-text.ts'

/** A request that no HTTPS rule of its host allowed; those of `report.json` fit. */
export interface RefusedRequest {
  readonly method: string
  readonly host: string
  /** Without query. */
  readonly path: string
  readonly processes?: readonly { readonly exe: string }[]
}

/** An entry of `allow` for requests of one method to a host, and who made them. */
export interface RequestLine<T> {
  readonly entry: string
  readonly requests: readonly T[]
}

/** Paths of one line. */
const PATHS = 20

/** The host as a rule names it; null: no rule can allow the request. */
function ruleHost({ method, host, path }: RefusedRequest): string | null {
  const named = host.replace(/:443$/, '')
  if (!isMethod(method) || !/^[a-z0-9_-]+(\.[a-z0-9_-]+)*(:\d+)?$/.test(named)) return null
  // What a rule would read as another path, or as a wildcard, can't stand in one.
  return path.includes('*') || pathSegments(path) === null ? null : named
}

/** Whether an HTTPS rule can allow exactly this request. */
export function hasRequestLine(request: RefusedRequest): boolean {
  return ruleHost(request) !== null
}

/** For the report's page, too: nothing here needs Node. The entries of `allow` that these requests lack, a line for each method of a host. What no rule can allow is left out. */
export function requestLines<T extends RefusedRequest>(requests: Iterable<T>): RequestLine<T>[] {
  const groups = new Map<string, { host: string; method: string; of: Map<string, T[]> }>()
  for (const request of requests) {
    const { method, path } = request
    const host = ruleHost(request)
    if (host === null) continue
    const key = `${host} ${method}`
    const group = groups.get(key) ?? { host, method, of: new Map<string, T[]>() }
    groups.set(key, group)
    const known = group.of.get(path)
    if (known !== undefined) known.push(request)
    else if (group.of.size < PATHS) group.of.set(path, [request])
  }
  return [...groups.values()].map(({ host, method, of }) => ({
    entry: mapping([
      ['https', quoted(host)],
      ['methods', list([method])],
      ['paths', list([...of.keys()])],
    ]),
    requests: [...of.values()].flat(),
  }))
}
