/** What can be looked for, in the order of the form: with an example, and what of it may be left open. */
export const kinds = {
  host: {
    label: 'Host',
    tab: 'network',
    example: 'registry.example.org',
    syntax: 'A name that was looked up or connected to. *.example.org: every name below it.',
  },
  address: {
    label: 'Address',
    tab: 'network',
    example: '192.0.2.1',
    syntax: 'IPv4 or IPv6, whatever its name. A * at the end: 192.0.2.* and 2001:db8:*',
  },
  exe: {
    label: 'Program',
    tab: 'processes',
    example: 'curl',
    syntax: 'A whole path, or the name alone: curl is that in every folder. It takes no *.',
  },
  hash: {
    label: 'Hash',
    tab: 'processes',
    example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    syntax: 'SHA-256 of a program that was started, or of what a changed file held: all 64 digits.',
  },
  path: {
    label: 'Path',
    tab: 'files',
    example: '/home/runner/.ssh/*',
    syntax:
      'A file that was written, made, deleted, renamed, or read where that is watched. A * at the end.',
  },
  api: {
    label: 'Call',
    tab: 'https',
    example: 'POST api.github.com/repos/*',
    syntax:
      'A request whose content was read: host and path, the method before it or not, a * at the end or not.',
  },
} as const
export type Kind = keyof typeof kinds
export const kindNames = Object.keys(kinds) as Kind[]

/** What a text most probably is; null: it can be several. */
export function guess(text: string): Kind | null {
  if (/^[\da-f]{64}$/i.test(text)) return 'hash'
  if (/^[A-Z]{1,20} \S/.test(text) || /^[\w.-]+\.[a-z]+\/\S*$/i.test(text)) return 'api'
  if (text.startsWith('/')) return 'path'
  if (/^\d{1,3}(\.\d{1,3}){1,3}(\.\*)?$/.test(text) || /^[\da-f]*:[\da-f:.*]+$/i.test(text))
    return 'address'
  return null
}
