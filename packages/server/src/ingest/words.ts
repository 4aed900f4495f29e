import type { EventKind, Verdict } from '@runwarden/events'

/** Numbers that stand in the index for words; never given another meaning. */
export const views = {
  destinations: 1,
  dns: 2,
  http: 3,
  opaque: 4,
  files: 5,
  changes: 6,
  processes: 7,
  sandbox: 8,
  secrets: 9,
  programs: 10,
} as const
export type View = keyof typeof views

export const terms = { host: 1, address: 2, exe: 3, hash: 4, path: 5, api: 6 } as const
export type TermKind = keyof typeof terms

/** Bits, so that several can be told at once; 0: nothing was decided. The highest is the worst. */
const verdictBits: Readonly<Record<Verdict, number>> = {
  allowed: 1,
  'would-block': 2,
  blocked: 4,
  'attack-blocked': 8,
}
export const verdictBit = (verdict: Verdict): number => verdictBits[verdict]
export const verdictsOf = (bits: number): Verdict[] =>
  (Object.keys(verdictBits) as Verdict[]).filter((verdict) => (bits & verdictBits[verdict]) !== 0)

export const eventKinds = [
  'process.exec',
  'process.exit',
  'step.start',
  'dns.query',
  'net.connect',
  'net.flow',
  'http.request',
  'http.response',
  'http.opaque',
  'file.write',
  'file.create',
  'file.delete',
  'file.read',
  'file.rename',
  'file.changed',
  'sandbox.change',
  'secret.found',
  'detection',
  'agent.health',
  'process.program',
] as const satisfies readonly EventKind[]
const kindBits: ReadonlyMap<string, number> = new Map(
  eventKinds.map((kind, i) => [kind, 1 << (i + 1)]),
)
/** The first is for kinds that this server does not know. */
export const kindBit = (kind: string): number => kindBits.get(kind) ?? 1
