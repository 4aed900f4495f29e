import type { Case, Open } from '../case.ts'
import { curl, python } from './script.ts'

/** What a connection says of itself: [id, technique, code]. In the code HIDDEN is a denied name at the address `where`. */
export type Spoken = readonly [id: string, technique: string, code: string]

/** Two names lead to the address, and both are known; one of them is not allowed on this port. */
const preamble = (port: number): string =>
  `address_of('narrow.example.com'); where = (address_of('front.example.com'), ${port})\nHIDDEN = T + '.hidden.example.net'; H = HIDDEN.encode(); F = b'front.example.com'`

const schemes = { 443: 'https', 80: 'http' } as const

/** The rule for what names nothing: it gets a name of the address, when all that it has are allowed. */
const lone: Open = {
  result: 'not-held',
  why: 'the documented rule: what says no name gets one that the address is known by, and goes to that server; all of these are allowed',
  advice: 'as for an allowed host: allow no servers that pass on what strangers bring',
}

/** First bytes that mean another name, at an address that this one shares with names of the policy. */
export const atSharedAddress = (
  prefix: string,
  port: keyof typeof schemes,
  spoken: readonly Spoken[],
  by: string,
): Case[] =>
  spoken.map(([id, technique, code]) => ({
    id: `${prefix}-${id}`,
    technique,
    attempt: python(`${preamble(port)}\n${code}`),
    twin: curl(`"${schemes[port]}://front.example.com/$T"`),
    by,
  }))

/** First bytes that name nothing, at an address of allowed names only: [id, technique, bytes]. */
export const atAllowedAddress = (
  prefix: string,
  port: keyof typeof schemes,
  spoken: readonly Spoken[],
): Case[] =>
  spoken.map(([id, what, bytes]) => ({
    id: `${prefix}-lone-${id}`,
    technique: `${what}, on an address of allowed names`,
    attempt: python(
      `address_of('pair.example.com'); pieces((address_of('lone.example.com'), ${port}), ${bytes})`,
    ),
    twin: curl(`"${schemes[port]}://lone.example.com/$T"`),
    // Where the policy has HTTPS rules, it may be meant for a host that has them.
    ...(port === 443
      ? {
          by: 'packet: a policy with HTTPS rules takes no such bytes at an address of several names',
        }
      : { by: '–', silent: 'an allowed connection', user: lone, root: lone }),
  }))
