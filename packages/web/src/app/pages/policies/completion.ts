import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { detectionIds, presets } from '@runwarden/policy'

/** Keys of a policy, with what each is for. `test/policies/completion.test.ts` holds them against the reader of documents. */
export const keys: Readonly<Record<string, string>> = {
  version: 'of the form of policies: 1',
  egress: 'block what no line allows, or audit: let it pass, and tell',
  'fail-mode': 'closed: a job that cannot be armed fails; open: it runs without',
  allow: 'where jobs may connect to',
  presets: 'named groups of endpoints',
  'disable-sudo': 'steps get no root by sudo',
  'disable-sudo-and-containers': 'nor by a container',
  'disable-file-monitoring': 'changes of files are not watched',
  lockdown: 'detections that end the job',
}

/** Keys of one entry of `allow`. */
const entryKeys: Readonly<Record<string, string>> = {
  endpoint: 'a destination, narrowed by steps or programs',
  https: 'a host of which only some requests are allowed',
  steps: 'ids of the steps that may',
  exe: 'programs that may',
  names: 'unchecked: its connections may ask for any name',
  methods: 'GET, POST, …',
  paths: 'of the requests that are allowed',
  unseen: 'allow: TLS that cannot be read passes',
}
const values: Readonly<Record<string, readonly string[]>> = {
  version: ['1'],
  egress: ['block', 'audit'],
  'fail-mode': ['closed', 'open'],
  'disable-sudo': ['true', 'false'],
  'disable-sudo-and-containers': ['true', 'false'],
  'disable-file-monitoring': ['true', 'false'],
}

/** A host that jobs had to do with. */
export interface KnownHost {
  host: string
  jobs: number
}

const optionsOf = (all: Readonly<Record<string, string>>): Completion[] =>
  Object.entries(all).map(([key, detail]) => ({
    label: key,
    apply: `${key}: `,
    detail,
    type: 'property',
  }))

/** The key at the beginning of a line that a place is below. */
function keyAbove(context: CompletionContext): string | null {
  const { doc } = context.state
  for (let { number } = doc.lineAt(context.pos); number > 0; number--) {
    const found = /^([\w-]+):/.exec(doc.line(number).text)
    if (found !== null) return found[1] ?? null
  }
  return null
}

/** What can stand at a place of a policy. @param hosts that jobs have reached and whose names have this in them */
export const completing =
  (hosts: (part: string) => Promise<readonly KnownHost[]>) =>
  async (context: CompletionContext): Promise<CompletionResult | null> => {
    const line = context.state.doc.lineAt(context.pos)
    const before = line.text.slice(0, context.pos - line.from)
    const key = /^([\w-]*)$/.exec(before)
    if (key !== null) {
      if (before === '' && !context.explicit) return null
      return { from: line.from, options: optionsOf(keys), validFor: /^[\w-]*$/ }
    }
    const value = /^([\w-]+):\s+([\w-]*)$/.exec(before)
    if (value !== null) {
      const [, name = '', typed = ''] = value
      const options = (values[name] ?? []).map((label) => ({ label, type: 'enum' }))
      return options.length === 0 ? null : { from: context.pos - typed.length, options }
    }
    const item = /(?:^|[\s,[{])["']?([^\s"'[\],{}]*)$/.exec(before)
    const above = keyAbove(context)
    if (item === null || above === null) return null
    const [, typed = ''] = item
    const from = context.pos - typed.length
    if (above === 'presets')
      return {
        from,
        options: presets.map(({ name, purpose }) => ({
          label: name,
          detail: purpose,
          type: 'constant',
        })),
      }
    if (above === 'lockdown')
      return { from, options: detectionIds.map((label) => ({ label, type: 'constant' })) }
    if (above !== 'allow') return null
    if (/^\s+[\w-]*$/.test(before) && !before.includes('- '))
      return { from, options: optionsOf(entryKeys) }
    const known = await hosts(typed)
    return {
      from,
      filter: false,
      options: [
        ...known.map(({ host, jobs }) => ({
          label: host,
          detail: `${jobs} ${jobs === 1 ? 'job' : 'jobs'}`,
          type: 'variable',
        })),
        ...(/[\w-]+:\s*[^[\s]/.test(before) ? [] : optionsOf(entryKeys).slice(0, 2)),
      ],
    }
  }
