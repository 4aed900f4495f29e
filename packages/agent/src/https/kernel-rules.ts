import type { BpfMap } from '@runwarden/libbpf'
import {
  type CompiledPolicy,
  hostWithPort,
  type HttpsLine,
  httpsLinesOf,
  pathSegments,
  splitHost,
} from '@runwarden/policy'

/** enum https_methods of bpf/include/https_rules.h. */
export const https_methods = {
  METHOD_GET: 1,
  METHOD_HEAD: 2,
  METHOD_POST: 4,
  METHOD_PUT: 8,
  METHOD_DELETE: 16,
  METHOD_PATCH: 32,
  METHOD_OPTIONS: 64,
} as const
/** struct https_line, and what stands before its path. */
export const HTTPS_LINE_BYTES = 128
export const https_line = { methods: 0, length: 2, below: 3, path: 4 } as const
/** struct https_host. */
export const https_host = { version: 0, count: 4, ruled: 8, lines: 16 } as const
export const HTTPS_LINES = 16
export const HTTPS_HOST_BYTES = https_host.lines + HTTPS_LINES * HTTPS_LINE_BYTES
/** struct https_name: a zero is behind the longest. */
export const https_name = { words: 0, port: 64 } as const
export const HTTPS_NAME_BYTES = 72

const MOST_HOSTS = 1024
const VERSION_KEY = Buffer.alloc(4)
const allMethods = Object.values(https_methods).reduce((all, one) => all | one, 0)
const bits = new Map<string, number>(
  Object.entries(https_methods).map(([name, bit]) => [name.slice('METHOD_'.length), bit]),
)

interface KernelLine {
  methods: number
  path: string
  below: boolean
}

export interface KernelRuleMaps {
  hosts: Pick<BpfMap, 'set'>
  version: Pick<BpfMap, 'set'>
}

/** HTTPS rules in the form by which the kernel allows requests without asking: see bpf/include/https_rules.h. */
export class KernelRules {
  readonly #maps: KernelRuleMaps
  #compiled: CompiledPolicy | undefined
  #version = 0
  /** Of this version, by host: the one that was made first is forgotten first. */
  readonly #made = new Map<string, Buffer>()

  constructor(maps: KernelRuleMaps) {
    this.#maps = maps
  }

  /** From here on this policy is in force; what another one said of a host holds no more. */
  follow(compiled: CompiledPolicy): void {
    this.#compiled = compiled
    this.#version++
    this.#made.clear()
    // None are in force where these cannot be put in.
    this.#setVersion(0)
    for (const host of exactHosts(compiled).slice(0, MOST_HOSTS / 2)) this.learn(host)
    this.#setVersion(this.#version)
  }

  #setVersion(version: number): void {
    const value = Buffer.alloc(4)
    value.writeUInt32LE(version)
    this.#maps.version.set(VERSION_KEY, value)
  }

  /** The kernel is to know a host's rules, or that it has none. @param host as a request names it */
  learn(host: string): void {
    const { name, port } = splitHost(host)
    if (this.#compiled === undefined || !/^[a-z0-9.-]{1,63}$/.test(name)) return
    let value = this.#made.get(host)
    if (value === undefined) {
      value = encodeHost(httpsLinesOf(this.#compiled, host), this.#version)
      this.#made.set(host, value)
      if (this.#made.size > MOST_HOSTS) this.#made.delete(this.#made.keys().next().value ?? '')
    }
    const key = Buffer.alloc(HTTPS_NAME_BYTES)
    key.write(name, 'latin1')
    key.writeUInt32LE(host === name ? 0 : port, https_name.port)
    this.#maps.hosts.set(key, value)
  }
}

/** Those that the policy names, each with the ports of its lines. */
function exactHosts({ https }: CompiledPolicy): string[] {
  return [...https.index.exact].flatMap(([name, numbers]) => {
    const ports = [numbers].flat().map((i) => https.lines[i]?.port ?? 0)
    return [...new Set(ports)].map((port) => hostWithPort(name, port))
  })
}

/** struct https_host. What has another form, or no room, is left out: user space decides about it. */
export function encodeHost(lines: readonly HttpsLine[], version: number): Buffer {
  const value = Buffer.alloc(HTTPS_HOST_BYTES)
  const known = lines.flatMap(kernelLines).slice(0, HTTPS_LINES)
  value.writeUInt32LE(version, https_host.version)
  value.writeUInt32LE(known.length, https_host.count)
  value.writeUInt32LE(Number(lines.length > 0), https_host.ruled)
  for (const [i, { methods, path, below }] of known.entries()) {
    const at = https_host.lines + i * HTTPS_LINE_BYTES
    value.writeUInt16LE(methods, at + https_line.methods)
    value[at + https_line.length] = path.length
    value[at + https_line.below] = Number(below)
    value.write(path, at + https_line.path, 'latin1')
  }
  return value
}

function kernelLines({ methods, paths }: HttpsLine): KernelLine[] {
  // About methods that the kernel has no bit for, user space alone decides.
  const mask =
    methods.length === 0 ? allMethods : methods.reduce((all, one) => all | (bits.get(one) ?? 0), 0)
  if (mask === 0) return []
  if (paths.length === 0) return [{ methods: mask, path: '', below: true }]
  return paths.flatMap((pattern) => {
    const parts = pathSegments(pattern)
    if (parts === null) return []
    const below = parts.at(-1) === '**'
    const before = below ? parts.slice(0, -1) : parts
    const path = before.map((part) => `/${part}`).join('')
    const fits = path.length <= HTTPS_LINE_BYTES - https_line.path && !before.includes('**')
    return fits ? [{ methods: mask, path, below }] : []
  })
}
