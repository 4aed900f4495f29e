import { type BpfMap, connectFromCgroup } from '@runwarden/libbpf'
import { bytesOf, readAddress } from '@runwarden/policy'
import { constants } from 'node:os'
import { EnforceError } from './error.ts'
import { encodeAddressKey, encodeNumber } from './policy-entries.ts'

/**
 * Addresses that lead nowhere, wherever they are sent: 240.0.0.0/4 is reserved (RFC 1112 §4),
 * 100::/64 is the discard prefix (RFC 6666).
 */
export const CANARIES = ['240.0.0.1', '100::1'] as const

/** Discard (RFC 863). */
const PORT = 9

/** In place of an index into the block list. */
export const CANARY_ENTRY = 0xffff_fffe

/** Where the check looks for the record of its own attempt. */
export interface Sightings {
  /** Asks the sensor for what is in its rings. */
  drain(): void
  /** Whether a denied attempt to reach the address has come out of them. */
  seen(address: Uint8Array): boolean
}

/**
 * Shows that a denial is enforced and told: block-lists each canary for an instant and connects
 * to it from inside of the scope.
 * @throws EnforceError which of the two failed
 */
export function checkDenial(scopeCgroup: string, blocked: BpfMap, sightings: Sightings): void {
  for (const text of CANARIES) {
    const address = readAddress(text)
    if (address === null) throw new TypeError(text)
    const key = encodeAddressKey({ bytes: bytesOf(address), prefix: 128 })
    const listed = blocked.get(key)
    blocked.set(key, encodeNumber(CANARY_ENTRY))
    let errno: number
    try {
      errno = connectFromCgroup(scopeCgroup, text, PORT)
    } finally {
      // What was found may be of a block around the address: then it is listed twice, to no harm.
      blocked.delete(key)
      if (listed !== undefined) blocked.set(key, listed)
    }
    // A machine without IPv6 has nothing to enforce there.
    if (text.includes(':') && errno === constants.errno.EAFNOSUPPORT) continue
    if (errno === 0 || errno === constants.errno.EINPROGRESS) {
      throw new EnforceError(
        'ENFORCE_CHECK_PASSED',
        `self-check: a connection to ${text}, which was blocked, was let through`,
        'another program on this cgroup may override ours; see `bpftool cgroup tree`',
      )
    }
    if (errno !== constants.errno.EPERM) {
      throw new EnforceError(
        'ENFORCE_CHECK_ERRNO',
        `self-check: a connection to ${text} failed, but not by policy (errno ${errno})`,
        'see whether a firewall or the network set-up of this machine rejects it first',
      )
    }
    sightings.drain()
    if (!sightings.seen(address)) {
      throw new EnforceError(
        'ENFORCE_CHECK_UNSEEN',
        `self-check: a connection to ${text} was blocked, but its event did not arrive`,
        'report this with the output of `runwarden doctor`',
      )
    }
  }
}
