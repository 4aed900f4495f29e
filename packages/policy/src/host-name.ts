import { domainToASCII } from 'node:url'

const label = /^[a-z0-9_*-]+$/

/** A host name or wildcard pattern that could be read, or what is wrong with it. */
export type NameResult = { readonly name: string } | { readonly what: string }

/**
 * Brings a host name or pattern to the form that is compared: lower case, A-labels (IDNA to
 * ASCII, UTS 46), no trailing dot. Underscores are taken, for names of services use them.
 */
export function readName(text: string): NameResult {
  let name = text
  if (/[\s\p{Cc}]/u.test(name)) return { what: 'a host name has no blanks or control characters' }
  if (!/^[\x21-\x7e]*$/.test(name)) {
    if (
      name
        .split(/[.\u3002\uff0e\uff61]/)
        .some((part) => part.includes('*') && !/^[\x21-\x7e]*$/.test(part))
    ) {
      return { what: 'a "*" inside a label needs the rest of that label in ASCII' }
    }
    name = domainToASCII(name)
    if (name === '') return { what: 'is no valid internationalised host name' }
  }
  name = name.toLowerCase()
  if (name.endsWith('.')) name = name.slice(0, -1)
  if (name === '') return { what: 'has no host' }
  if (name.length > 253) return { what: 'a host name has at most 253 characters' }
  const labels = name.split('.')
  for (const part of labels) {
    if (part === '') return { what: 'has an empty label (two dots, or a dot in front)' }
    if (part.length > 63) return { what: 'a label of a host name has at most 63 characters' }
    if (!label.test(part)) {
      const bad = /[^a-z0-9_*-]/.exec(part)?.[0] ?? ''
      return { what: `a host name has no "${bad}"` }
    }
    if (part.startsWith('-') || part.endsWith('-')) {
      return { what: 'a label of a host name does not begin or end with "-"' }
    }
    if (part.includes('**')) return { what: '"**" is no wildcard of host names' }
  }
  if (labels.at(-1)?.includes('*') === true) {
    return name === '*'
      ? { what: 'would allow every name; name a domain, or use "egress: audit"' }
      : { what: 'the last label cannot have a wildcard' }
  }
  return { name }
}

/** Whether a host text would be taken for an IPv4 address by a client (WHATWG URL: "ends in a number"). */
export function endsInNumber(host: string): boolean {
  return /(?:^|\.)(?:\d+|0[xX][0-9a-fA-F]*)\.?$/.test(host)
}

/**
 * Lower-cases and strips the trailing dot of a name that came from a DNS question or an event.
 * Null for what no policy can name: empty labels, blanks, controls, or bytes that are no ASCII
 * (U+212A lower-cases to "k", so such a name must never reach toLowerCase).
 */
export function canonicalName(name: string): string | null {
  if (name.length > 1024 || !/^[\x21-\x7e]+$/.test(name)) return null
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  if (bare === '' || bare.startsWith('.') || bare.endsWith('.') || bare.includes('..')) return null
  return bare.toLowerCase()
}

/**
 * Whether a label fits a pattern label, in which each `*` stands for any characters of that label,
 * none included. Two cursors, at most pattern × label steps: no regular expression to blow up.
 */
function matchLabel(pattern: string, text: string): boolean {
  if (pattern === '*') return text.length > 0
  let p = 0
  let t = 0
  let star = -1
  let mark = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++
      mark = t
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++mark
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** Whether a name fits a pattern; both canonical. A leading `*.` is one or more labels. */
export function matchPattern(pattern: string, name: string): boolean {
  const want = pattern.split('.')
  const have = name.split('.')
  const leading = want[0] === '*'
  if (leading ? have.length < want.length : have.length !== want.length) return false
  for (let i = 1; i <= want.length - (leading ? 1 : 0); i++) {
    if (!matchLabel(want[want.length - i] ?? '', have[have.length - i] ?? '')) return false
  }
  return true
}
