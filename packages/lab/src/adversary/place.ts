import { address6 } from '../internet/packet.ts'

/** Everything by which the acts of one step can be recognised, wherever they arrive. */
export interface Mark {
  /** In payloads, names and paths: a DNS label that occurs nowhere else. */
  token: string
  /** Addresses of this step alone. */
  v4: string
  v6: string
}

/** A step of a job: the technique itself, or its legitimate twin. */
export type StepKind = 'attempt' | 'twin'

/** Nothing allows 11.18.0.0/16 and 2001:db8:18::/48; a line allows 11.19.0.0/16 and 2001:db8:19::/48, port 8080. */
const networks = {
  attempt: { v4: '11.18', v6: '2001:db8:18::' },
  twin: { v4: '11.19', v6: '2001:db8:19::' },
} as const

/** The mark of a step by its case's number, from 1. */
export function markOf(number: number, kind: StepKind): Mark {
  const digits = String(number).padStart(4, '0')
  const [high, low] = [number >> 8, number & 255]
  const { v4, v6 } = networks[kind]
  return {
    token: `${kind === 'attempt' ? 'zqa' : 'zqt'}${digits}z`,
    v4: `${v4}.${high + 1}.${low}`,
    // The IPv4 address in the last bits, as in NAT64 and its kind.
    v6: address6(
      Buffer.concat([prefixOf(v6), Buffer.alloc(6), bytes4(`${v4}.${high + 1}.${low}`)]),
    ),
  }
}

/** An IPv4 address in hexadecimal digits, as names of the lab's DNS carry it. */
export const hexOf = (v4: string): string => bytes4(v4).toString('hex')

function bytes4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

function prefixOf(v6: string): Buffer {
  const groups = v6.replace('::', '').split(':')
  return Buffer.concat(groups.map((group) => Buffer.from(group.padStart(4, '0'), 'hex')))
}
