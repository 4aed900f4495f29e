/** How the reason of a refusal ends that `names: unchecked` would have let pass. */
export const uncheckedHint = '(with "names: unchecked" its policy line lets it pass)'

const notThere = ': the policy does not allow that name there'
const onAddressOf = ' on an address of '

/** How the reason ends of a connection that said a name which is not allowed there. @param opener what led there; null: unknown */
export function notAllowedThere(opener: string | null): string {
  return `${opener === null ? '' : `${onAddressOf}${opener}`}${notThere}`
}

/** The name that led there, by such a reason; null: it is none, or nobody knew. */
export function openerIn(reason: string): string | null {
  const at = reason.lastIndexOf(onAddressOf)
  if (at < 0 || !reason.endsWith(notThere)) return null
  return reason.slice(at + onAddressOf.length, -notThere.length)
}

const ownLine = ': it needs a line of its own'

/** The reason of what is refused though a line allows the name that led there. @param range what kind of address it is: `a private` */
export function needsOwnLine(rule: string, address: string, range: string): string {
  return `${rule} allows the name, but ${address} is ${range} address${ownLine}`
}

/** Whether it is such a reason; where nothing is stopped, more is said after it. */
export function isNameAllowedIn(reason: string): boolean {
  return reason.includes(ownLine)
}
