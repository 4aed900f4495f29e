import { BlockList, isIP } from 'node:net'

/** A setting is not what it should be; the message names it as it was given. */
export class ConfigError extends Error {
  readonly code = 'CONFIG'
  /** What to do, where it is no option that is wrong. */
  readonly advice: string
  constructor(
    message: string,
    { advice = '', ...options }: ErrorOptions & { advice?: string } = {},
  ) {
    super(message, options)
    this.advice = advice
  }
}

interface Setting<T> {
  /** Name of the value in --help. */
  value: string
  help: string
  /** Given as text, wherever it comes from. Throws an Error that says what is wrong with it. */
  read: (text: string) => T
  /** As text; null: there is none, and the setting may be left out. */
  default: string | null
}

const text = (given: string): string => given

function url(given: string): string {
  if (!/^https?:\/\//i.test(given) || !URL.canParse(given))
    throw new Error('is no http:// or https:// URL')
  return given.replace(/\/+$/, '')
}

const whole =
  (least: number, most: number) =>
  (given: string): number => {
    if (!/^\d{1,15}$/.test(given)) throw new Error('is no whole number')
    const value = Number(given)
    if (value < least || value > most) throw new Error(`is not between ${least} and ${most}`)
    return value
  }

/** `host:port`; the host of IPv6 in brackets. */
export interface Listen {
  host: string
  port: number
}

function listen(given: string): Listen {
  const match = /^(?:\[([\da-f:.%]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(given)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw new Error('is no address:port, as 127.0.0.1:7380')
  return { host: match[1] ?? match[2] ?? '', port }
}

const list = (given: string): string[] => given.split(/[\s,]+/).filter(Boolean)

function proxies(given: string): string[] {
  const known = new BlockList()
  for (const one of list(given)) {
    const [address = '', bits, more] = one.split('/')
    const family = isIP(address)
    const length =
      bits === undefined ? (family === 6 ? 128 : 32) : /^\d{1,3}$/.test(bits) ? Number(bits) : -1
    if (family === 0 || more !== undefined || length < 0 || length > (family === 6 ? 128 : 32))
      throw new Error(`'${one}' is no address or network, as 10.0.0.0/8`)
    known.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4')
  }
  return list(given)
}

function owners(given: string): string[] {
  const wrong = list(given).find((name) => !/^[\w.-]{1,100}$/.test(name))
  if (wrong !== undefined) throw new Error(`'${wrong}' is no name of an owner of repositories`)
  return list(given)
}

function size(given: string): number {
  const match = /^(\d{1,9})(|[KMGT]iB)$/.exec(given)
  if (match === null) throw new Error('is no size, as 500MiB or 20GiB')
  return Number(match[1]) * 1024 ** ['', 'KiB', 'MiB', 'GiB', 'TiB'].indexOf(match[2] ?? '')
}

const levels = ['debug', 'info', 'warn', 'error'] as const
function level(given: string): (typeof levels)[number] {
  const found = levels.find((one) => one === given)
  if (found === undefined) throw new Error(`is none of ${levels.join(', ')}`)
  return found
}

/**
 * Every setting. As a flag `--listen`, in the environment `RUNWARDEN_SERVER_LISTEN`, in the file of --config `listen:`; the
 * first of these that is there wins. docs/server.md has the same table.
 */
export const settings = {
  data: {
    value: 'DIR',
    help: 'the folder that holds everything the server keeps',
    read: text,
    default: null,
  },
  listen: {
    value: 'ADDRESS:PORT',
    help: 'where it listens; port 0: any that is free',
    read: listen,
    default: '127.0.0.1:7380',
  },
  url: {
    value: 'URL',
    help: 'how agents and browsers reach it, and the audience of GitHub’s tokens; without it, where it listens',
    read: url,
    default: null,
  },
  'tls-cert': {
    value: 'FILE',
    help: 'certificate chain (PEM); read again when it changes',
    read: text,
    default: null,
  },
  'tls-key': { value: 'FILE', help: 'its private key (PEM)', read: text, default: null },
  'trusted-proxies': {
    value: 'NETWORKS',
    help: 'proxies whose X-Forwarded-For, -Proto and -Host are believed',
    read: proxies,
    default: '',
  },
  'feed-networks': {
    value: 'NETWORKS',
    help: 'private networks that feeds of the block list may be fetched from; the internet always',
    read: proxies,
    default: '',
  },
  organisations: {
    value: 'NAMES',
    help: 'owners of repositories that it serves; added at the start where they are missing',
    read: owners,
    default: '',
  },
  'retention-days': {
    value: 'DAYS',
    help: 'jobs older than that are deleted; 0: never',
    read: whole(0, 36_500),
    default: '90',
  },
  'retention-size': {
    value: 'SIZE',
    help: 'where the jobs take more than that, the oldest of those organisations that take most are deleted; 0: never',
    read: size,
    default: '0',
  },
  'job-size': {
    value: 'SIZE',
    help: 'what one job may send of events, packed; what is more is refused; 0: any',
    read: size,
    default: '1GiB',
  },
  'heartbeat-overdue': {
    value: 'SECONDS',
    help: 'an agent of which nothing is heard for so long in the middle of a job is reported as tampered with',
    read: whole(10, 86_400),
    default: '120',
  },
  'lost-after': {
    value: 'SECONDS',
    help: 'a job of whose agent nothing is heard for so long has ended without its word (`lost`), until the agent is heard again',
    read: whole(10, 2_592_000),
    default: '3600',
  },
  'job-issuer': {
    value: 'URL',
    help: 'who issues OIDC tokens of jobs',
    read: url,
    default: 'https://token.actions.githubusercontent.com',
  },
  'sign-in-issuer': {
    value: 'URL',
    help: 'people sign in with this OpenID provider; github: with GitHub’s OAuth',
    read: (given) => (given === 'github' ? given : url(given)),
    default: null,
  },
  'sign-in-client-id': { value: 'ID', help: 'the server’s name there', read: text, default: null },
  'sign-in-client-secret': {
    value: 'SECRET',
    help: 'and its secret; better in the environment or the file than as a flag',
    read: text,
    default: null,
  },
  'sign-in-url': {
    value: 'URL',
    help: 'GitHub’s site, where it is an own one',
    read: url,
    default: 'https://github.com',
  },
  'sign-in-api': {
    value: 'URL',
    help: 'and its API',
    read: url,
    default: 'https://api.github.com',
  },
  'rate-limit': {
    value: 'NUMBER',
    help: 'requests per second that each key, person, job or unknown address may make; 0: any',
    read: whole(0, 1_000_000),
    default: '1000',
  },
  'log-level': {
    value: 'LEVEL',
    help: 'what is written to stderr, a line of JSON each: debug, info, warn or error',
    read: level,
    default: 'info',
  },
} as const satisfies Record<string, Setting<unknown>>

export type SettingName = keyof typeof settings
