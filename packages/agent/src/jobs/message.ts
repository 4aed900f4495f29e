import type {
  AgentRequest,
  JobPolicySources,
  JobRequest,
  JobServer,
  PolicyText,
} from '@runwarden/events'
import { AgentError } from '../errors.ts'

/** Bytes of one request: a policy, a block list and rules. */
export const requestLimit = 16 * 1024 * 1024

/**
 * A request from its line of JSON, checked field by field: whoever runs on the machine can write to the socket.
 * @throws AgentError BAD_REQUEST that says which field
 */
export function parseRequest(line: string): AgentRequest {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw bad('it is no JSON')
  }
  const request = mapping(value, 'the request')
  const op = choice(request, 'op', ['begin', 'status', 'report', 'end'])
  const nonce = text(request, 'nonce')
  if (!/^[0-9a-f]{64}$/.test(nonce)) throw bad("'nonce' is not 64 hex digits")
  return op === 'begin' ? { op, nonce, job: readJob(request['job']) } : { op, nonce }
}

function readJob(value: unknown): JobRequest {
  const job = mapping(value, "'job'")
  const workspace = text(job, 'workspace')
  if (!workspace.startsWith('/')) throw bad("'workspace' is no absolute path")
  return {
    policy: policyText(job['policy'], 'policy'),
    blockList: job['blockList'] === null ? null : policyText(job['blockList'], 'blockList'),
    rules: list(job['rules'], 'rules').map((one) => policyText(one, 'rules')),
    workspace,
    scope: choice(job, 'scope', ['host', 'job']),
    afterJob: choice(job, 'afterJob', ['end', 'keep']),
    failMode: choice(job, 'failMode', ['closed', 'open']),
    failOn: choice(job, 'failOn', ['none', 'blocked', 'detection']),
    server: job['server'] == null ? null : readServer(job['server']),
    ...(job['runner'] === undefined ? {} : { runner: text(job, 'runner').slice(0, 100) }),
    granted: job['granted'] === null ? null : texts(job['granted'], 'granted'),
    imposters: list(job['imposters'], 'imposters').map((one) => {
      const imposter = mapping(one, "'imposters'")
      return { uses: text(imposter, 'uses'), repository: text(imposter, 'repository') }
    }),
  }
}

function readServer(value: unknown): JobServer {
  const server = mapping(value, "'server'")
  const url = text(server, 'url')
  if (!URL.canParse(url) || !/^https?:\/\/[^?#@]+[^?#@/]$/.test(url))
    throw bad("'url' is no server's")
  const jobId = text(server, 'jobId')
  if (!/^[\w-]{1,100}$/.test(jobId)) throw bad("'jobId' is no job's")
  const token = text(server, 'token')
  if (!/^[\x21-\x7e]{1,8192}$/.test(token)) throw bad("'token' is none")
  return {
    url,
    jobId,
    token,
    blockList: server['blockList'] === null ? null : readServed(server['blockList']),
    policies: server['policies'] == null ? null : readSources(server['policies']),
  }
}

function readServed(value: unknown): NonNullable<JobServer['blockList']> {
  const list = mapping(value, "'blockList'")
  return { version: text(list, 'version'), text: text(list, 'text') }
}

function readSources(value: unknown): JobPolicySources {
  const sources = mapping(value, "'policies'")
  const own = mapping(sources['own'], "'own'")
  return {
    version: text(sources, 'version'),
    own: {
      egressPolicy: orNull(own, 'egressPolicy', () =>
        choice(own, 'egressPolicy', ['audit', 'block']),
      ),
      failMode: orNull(own, 'failMode', () => choice(own, 'failMode', ['closed', 'open'])),
      allowedEndpoints: text(own, 'allowedEndpoints'),
      presets: words(own, 'presets'),
      lockdown: words(own, 'lockdown'),
      disableSudo: orNull(own, 'disableSudo', () => flag(own, 'disableSudo')),
      disableSudoAndContainers: orNull(own, 'disableSudoAndContainers', () =>
        flag(own, 'disableSudoAndContainers'),
      ),
      disableFileMonitoring: orNull(own, 'disableFileMonitoring', () =>
        flag(own, 'disableFileMonitoring'),
      ),
    },
    file: orNull(sources, 'file', () => policyText(sources['file'], 'file')),
    hosts: list(sources['hosts'], 'hosts').map((one) => {
      const host = mapping(one, "'hosts'")
      return { endpoint: text(host, 'endpoint'), why: text(host, 'why') }
    }),
  }
}

function orNull<Value>(
  from: Record<string, unknown>,
  key: string,
  read: () => Value,
): Value | null {
  return from[key] === null ? null : read()
}

function words(from: Record<string, unknown>, key: string): string[] {
  return list(from[key], key).map((word) => text({ [key]: word }, key))
}

function flag(from: Record<string, unknown>, key: string): boolean {
  const value = from[key]
  if (typeof value === 'boolean') return value
  throw bad(`'${key}' is neither true nor false`)
}

function policyText(value: unknown, name: string): PolicyText {
  const one = mapping(value, `'${name}'`)
  return { name: text(one, 'name'), text: text(one, 'text') }
}

function texts(value: unknown, name: string): Record<string, string> {
  const all = mapping(value, `'${name}'`)
  for (const key of Object.keys(all)) text(all, key)
  return all as Record<string, string>
}

function mapping(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw bad(`${what} is no object`)
}

function list(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value as unknown[]
  throw bad(`'${name}' is no list`)
}

function text(from: Record<string, unknown>, key: string): string {
  const value = from[key]
  if (typeof value === 'string') return value
  throw bad(`'${key}' is no text`)
}

function choice<const Word extends string>(
  from: Record<string, unknown>,
  key: string,
  words: readonly Word[],
): Word {
  const found = words.find((word) => word === from[key])
  if (found !== undefined) return found
  throw bad(`'${key}' is none of ${words.join(', ')}`)
}

function bad(why: string): AgentError {
  return new AgentError(
    'BAD_REQUEST',
    `the agent cannot read what it was asked: ${why}`,
    'use the action and the agent of one version',
  )
}
