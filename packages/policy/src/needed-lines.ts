import { isLoopback, readAddress } from './address.ts'
import { isNameAllowedIn, openerIn, uncheckedHint } from './hint.ts'
import { specialRange } from './special-range.ts'

/** A line of `allow` that a destination needs, with the destination's port and protocol. */
export interface NeededLine {
  /** null: it is for the address. */
  readonly host: string | null
  readonly address: string
  /** With `names: unchecked`. */
  readonly unchecked: boolean
  /** By the reason of its refusal the policy has it. */
  readonly has: boolean
}

/** For the report's page, too: nothing here needs Node. The lines that a destination needs: for its name, or for its address; for both where the name leads to an address that is not the open internet's. */
export function neededLines({
  host,
  address,
  reason = '',
}: {
  readonly host: string | null
  readonly address: string
  readonly reason?: string
}): NeededLine[] {
  // Refused for the name that it said: a line for that name would change nothing there.
  const opener = openerIn(reason)
  const name = opener ?? host
  if (name === null) return [{ host: null, address, unchecked: false, has: false }]
  const unchecked = (opener !== null && opener !== host) || reason.endsWith(uncheckedHint)
  const named = { host: name, address, unchecked, has: isNameAllowedIn(reason) }
  // What was said is looked at where the lines let a connection pass.
  const own = { host: null, address, unchecked: false, has: unchecked }
  return needsLine(address) ? [named, own] : [named]
}

/** Whether no name alone opens the address. */
export function needsLine(text: string): boolean {
  const address = readAddress(text)
  return address !== null && !isLoopback(address) && specialRange(address) !== null
}
