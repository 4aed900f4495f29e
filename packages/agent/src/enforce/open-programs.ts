import { join } from 'node:path'
import { type BpfMap, type BpfObject, openObject } from '@runwarden/libbpf'
import { type ScopeIdentity, scopeIdentity } from '@runwarden/sensor'
import { messageOf } from '../errors.ts'
import type { EnforcerOptions } from './enforcer-options.ts'
import { EnforceError } from './error.ts'
import { exemptGlobals } from './exempt.ts'
import { PINNED_MAPS, SHARED_WITH_TLS } from './map-names.ts'
import { Pins } from './pins.ts'
import { hashSizes } from './slots.ts'
import { versionOf } from './version.ts'

export const defaultObjectDir = join(import.meta.dirname, '../../../../bpf/build', process.arch)

/** Programs of an enforcer that the kernel verifies meanwhile. */
export interface OpenPrograms {
  /** Maps of HTTPS rules, as httpsMaps() has them later. */
  readonly https: Readonly<Record<string, BpfMap>>
  /** @internal */
  readonly object: BpfObject
  /** @internal */
  readonly globals: Readonly<Record<string, number | bigint>>
  /** @internal */
  readonly pins: Pins | undefined
}

/**
 * Begins to load the programs for openEnforcer().
 * @throws EnforceError what failed and what to do; then nothing is enforced
 */
export function openPrograms(options: EnforcerOptions): OpenPrograms {
  const scope = identify(options.scopeCgroup)
  const globals = {
    proxy_port4: options.proxy.port4 ?? 0,
    proxy_port6: options.proxy.port6 ?? 0,
    proxy_netns: options.netns ?? 0n,
    local_resolver: Number(options.localResolver ?? false),
    scope_cgid: scope.id,
    scope_level: scope.level,
    agent_cgid: options.agentCgroup ?? 0n,
    ...exemptGlobals(options.exempt),
  }
  const file = join(options.objectDir ?? defaultObjectDir, 'enforce.bpf.o')
  let object: BpfObject | undefined
  let kept: Record<string, BpfMap> = {}
  try {
    const pins =
      options.pinDir === undefined ? undefined : new Pins(options.pinDir, versionOf(file))
    kept = pins?.maps(PINNED_MAPS) ?? {}
    object = openObject(file, {
      reuse: { ...options.reuse, ...kept },
      maxEntries: Object.fromEntries(
        Object.entries(hashSizes(options.compiled)).filter(([name]) => !(name in kept)),
      ),
      globals,
    })
    object.make(SHARED_WITH_TLS.filter((name) => !(name in kept)))
    const https = httpsMaps(object)
    object.loadAhead()
    return { https, object, globals, pins }
  } catch (cause) {
    object?.close()
    throw refused(cause)
  } finally {
    for (const map of Object.values(kept)) map.close()
  }
}

/** What is said when the kernel takes no enforcement. */
export function refused(cause: unknown): EnforceError {
  return new EnforceError(
    'ENFORCE_LOAD',
    `the kernel does not take the enforcement programs: ${messageOf(cause)}`,
    'Linux 6.1 or newer with BTF is needed, and root; see `runwarden doctor`',
    { cause },
  )
}

function identify(scopeCgroup: string): ScopeIdentity {
  try {
    return scopeIdentity(scopeCgroup)
  } catch (cause) {
    throw new EnforceError(
      'ENFORCE_SCOPE',
      `policy can't be enforced on ${scopeCgroup}: ${messageOf(cause)}`,
      'name the directory of a cgroup in the cgroup v2 hierarchy',
      { cause },
    )
  }
}

/** Maps of HTTPS rules, by their names. */
export function httpsMaps(object: BpfObject): Record<(typeof SHARED_WITH_TLS)[number], BpfMap> {
  const maps = SHARED_WITH_TLS.map((name) => [name, object.map(name)] as const)
  return Object.fromEntries(maps) as ReturnType<typeof httpsMaps>
}
