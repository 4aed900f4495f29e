import type { Attacker, Case, Open } from '../case.ts'

/** A technique that another suite runs: `file` is that test's, from the root of the checkout. */
export const elsewhere = (
  [id, technique, by]: readonly [string, string, string],
  file: string,
  as: readonly Attacker[],
  open?: Open,
): Case => ({
  id,
  technique,
  as,
  attempt: '',
  elsewhere: file,
  by,
  ...(open === undefined ? {} : Object.fromEntries(as.map((who) => [who, open]))),
})

/** A step in Python; tools/adv.py is at hand. */
export const python = (code: string): string =>
  `/usr/bin/python3 - <<'PY'\nfrom adv import *\n${code.trim()}\nPY`

/** A DNS query by dig, tried once. It ends with 9 unless it was answered NOERROR or NXDOMAIN. */
export const dig = (words: string): string =>
  `dig +tries=1 +time=8 ${words} | tee /dev/stderr | grep -qE 'status: (NOERROR|NXDOMAIN)' || exit 9`

/** A fetch by curl, once; it ends with 22 for an answer that is an error. */
export const curl = (words: string): string => `curl -sS -f --max-time 12 -o /dev/null ${words}`

/** Hexadecimal digits of a shell word. */
export const hex = (word: string): string => `$(printf %s "${word}" | od -An -tx1 | tr -d ' \\n')`
