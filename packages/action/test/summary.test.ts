import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { ReportBuilder } from '@runwarden/report'
import { random } from '../../policy/test/random.ts'
import { hostile, hostileReport } from '../../report/test/hostile.ts'
import { releasedReport, stepsReport, stolenReport } from '../../report/test/runs.ts'
import { facts, Script } from '../../report/test/script.ts'
import { readInputs } from '../src/inputs.ts'
import { jobSummary, notProtected, recommendedFor } from '../src/summary.ts'

const nothing = { insightsUrl: null, recommendation: null }
/** GitHub's limit of a step's summary, and what is left of it for others. */
const mebibyte = 1_048_576
const left = 24_576

test('a person sees the state, the link, detections, steps, permissions and a policy to copy', () => {
  const text = jobSummary(stolenReport(), {
    ...nothing,
    insightsUrl: 'https://runwarden.example.com/jobs/1',
  })
  const parts = [
    '## 🛡️ Runwarden: Protected',
    'tier T0',
    '[View security insights and recommended policy](https://runwarden.example.com/jobs/1)',
    '### Detections',
    'If the package needs it, allow it; if not, remove the package.',
    '<details><summary>Recommended policy</summary>',
    '<details><summary>The same as inputs of the action</summary>',
  ]
  let from = 0
  for (const part of parts) {
    expect(text.indexOf(part, from), part).toBeGreaterThanOrEqual(from)
    from = text.indexOf(part, from)
  }
  expect(jobSummary(stepsReport(), nothing)).toContain('### Destinations by step')
  expect(jobSummary(releasedReport(), nothing)).toContain('### Minimum token permissions')
})

/** The inputs that a summary offers to copy. */
function offered(text: string): Record<string, string> {
  const [, block = ''] = /inputs of the action<\/summary>\n\n```yaml\n(.*?)```/s.exec(text) ?? []
  return (parse(block) as { with?: Record<string, string> } | null)?.with ?? {}
}

test('the policy is offered as inputs, which the action takes, without this job’s own hosts', () => {
  const recommendedPolicy = `version: 1
egress: block
allow:
  - github.com # git
  - "[2001:db8::7]:8443"
  - udp://time.example.org:123
  - results-receiver.actions.githubusercontent.com
  - productionresultssa7.blob.core.windows.net
  # - evil.example.net
`
  const inputs = offered(jobSummary({ ...stolenReport(), recommendedPolicy }, nothing))
  expect(Object.keys(inputs)).toEqual(['egress-policy', 'allowed-endpoints'])
  const read = readInputs({
    'INPUT_EGRESS-POLICY': inputs['egress-policy'],
    'INPUT_ALLOWED-ENDPOINTS': inputs['allowed-endpoints'],
  })
  expect(read.egressPolicy).toBe('block')
  expect(read.allowedEndpoints.split(/\s+/).filter(Boolean)).toEqual([
    'github.com:443',
    '[2001:db8::7]:8443',
    'udp://time.example.org:123',
  ])
})

test.each([
  'version: 1\nallow: []\n',
  'version: 1\nallow: [{ endpoint: "a.example:1", names: unchecked }]\n',
  'version: 1\nallow: [{ https: a.example }]\n',
  'no policy',
])('%j is not offered as inputs', (recommendedPolicy) => {
  const text = jobSummary({ ...stolenReport(), recommendedPolicy }, nothing)
  expect(text).not.toContain('The same as inputs')
})

/** The recommended policy in a summary, and what is said of it. */
const policyIn = (text: string): { title: string; remark: string; policy: string } => {
  const [, title = '', remark = '', policy = ''] =
    /<summary>(Recommended policy[^<]*)<\/summary>\n\n(.*?)```yaml\n(.*?)```/s.exec(text) ?? []
  return { title, remark: remark.trim(), policy }
}

test('a policy that was aggregated with earlier runs stands in place of the run’s own', () => {
  const text = 'version: 1\nallow:\n  - only.example.org\n'
  for (const [earlierRuns, title] of [
    [12, 'Recommended policy, from this and 12 earlier runs'],
    [1, 'Recommended policy, from this and 1 earlier run'],
  ] as const) {
    const recommendation = { text, earlierRuns }
    const summary = jobSummary(stolenReport(), { ...nothing, recommendation })
    expect(policyIn(summary)).toEqual({ title, remark: '', policy: text })
    expect(offered(summary)['allowed-endpoints']).toBe('only.example.org:443\n')
    expect(recommendedFor(stolenReport(), recommendation).policy).toBe(text)
  }
})

test.each([
  [
    { text: 'version: 1\n', earlierRuns: 0 },
    'The control plane knows of no earlier run of this job.',
  ],
  [
    { failure: 'https://plane.example.com did not answer within 1.5 s' },
    'Earlier runs are not in it: `https://plane.example.com` did not answer within 1.5 s.',
  ],
])(
  'a policy that was not aggregated is the run’s own, and says so: %j',
  (recommendation, remark) => {
    const report = stolenReport()
    const said = policyIn(jobSummary(report, { ...nothing, recommendation }))
    expect(said.title).toBe('Recommended policy, from this run alone')
    expect(said.remark).toContain(remark)
    expect(said.policy).toBe(report.recommendedPolicy)
    expect(recommendedFor(report, recommendation).policy).toBe(report.recommendedPolicy)
  },
)

test.each([
  ['https://x.example/a b?c=(d)&e=<f>"', 'https://x.example/a%20b?c=%28d%29&e=%3Cf%3E%22'],
  [
    'https://x.example/)[x](https://y.example/',
    'https://x.example/%29%5Bx%5D%28https://y.example/',
  ],
  ['https://x.example/\n\n# y', 'https://x.example/#%20y'],
])('the link to %j leads there and nowhere else', (insightsUrl, href) => {
  const text = jobSummary(stolenReport(), { ...nothing, insightsUrl })
  expect(text).toContain(`\n[View security insights and recommended policy](${href})\n`)
})

test.each(['javascript:canary()', 'data:text/html,x', 'no url', ''])(
  '%j is no link',
  (insightsUrl) => {
    expect(jobSummary(stolenReport(), { ...nothing, insightsUrl })).not.toContain('View security')
  },
)

/** No markup but ours: no HTML, links, mentions, headings, fences or rows that a text of the job brought. */
function expectOurs(text: string): void {
  const shown = text.replaceAll(/[🛡⚠👁]\ufe0f/gu, '')
  expect(shown).not.toMatch(/[^\n\P{Cc}]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/u)
  const blocks = shown.split(/^```(?:yaml)?$/m)
  expect(blocks.length % 2).toBe(1)
  const outside = blocks.filter((_, index) => index % 2 === 0).join('\n')
  for (const [table] of outside.matchAll(/(?:^\|.*\|\n)+/gm)) {
    const cells = table
      .trimEnd()
      .split('\n')
      .map((row) => row.split('|').length)
    expect(new Set(cells).size).toBe(1)
  }
  const bare = outside.replaceAll(/`[^`\n]*`/g, '')
  expect(bare).not.toContain('`')
  expect(bare.replaceAll(/<\/?(?:code|details|summary)>/g, '')).not.toContain('<')
  expect(bare).not.toMatch(/\]\(|@\w|https?:|www\./)
  // GitHub looks for mentions and references in the text that comes of it, but for code.
  const seen = bare
    .replaceAll(/<code>.*?<\/code>/g, '')
    .replaceAll(/&#(\d+);/g, (_, point: string) => String.fromCodePoint(Number(point)))
  expect(seen).not.toMatch(/@\w|:\/\/|www\.|#\d|\bGH-\d|:[\w+-]+:/)
  for (const [heading] of bare.matchAll(/^#.*$/gm))
    expect(heading).toMatch(/^##+ (?:[^A-Za-z]* Runwarden: [A-Za-z ]+|[A-Z][A-Za-z ]+)$/)
}

const fragments = [
  [
    '`',
    '```',
    '~~~',
    '|',
    '||',
    '\\',
    '\\|',
    '\n',
    '\r',
    '\n\n',
    '\t',
    ' ',
    '    ',
    '#',
    '# ',
    '> ',
  ],
  [
    '- ',
    '* ',
    '1. ',
    '---',
    '===',
    '***',
    '_',
    '__',
    '~~',
    '[',
    ']',
    '](',
    '![',
    '<',
    '>',
    '</',
    '-->',
  ],
  [
    '<!--',
    '<b>',
    '</details>',
    '</code>',
    '</summary>',
    '<script>',
    '<a href="x">',
    '&lt;',
    '&#60;',
    '&',
  ],
  [
    '@octocat',
    '#1',
    'GH-1',
    'o/r#2',
    'https://evil.example',
    'www.evil.example',
    'a@b.example',
    ':tada:',
  ],
  [
    '$x$',
    '$$',
    '::error::',
    '##[',
    '{{x}}',
    '${{ x }}',
    '\0',
    '\x1b[31m',
    '\u202e',
    '\u2028',
    'é',
    '🙂',
    '\ud800',
  ],
  ['x', 'word', '0', '.', ',', ':', '/', '=', '"', "'", '(', ')', '!', '[!NOTE]', '[^1]', '[^1]: '],
].flat()

test.each(Array.from({ length: 30 }, (_, seed) => seed))('random texts stay text (%i)', (seed) => {
  const { pick, many } = random(seed)
  const text = (): string => many(1, 12, () => pick(fragments)).join('')
  expectOurs(jobSummary(hostileReport([text(), text(), text()]), nothing))
})

test.each(hostile.map((text) => ({ text })))('$text stays text', ({ text }) => {
  expectOurs(jobSummary(hostileReport([text]), nothing))
  const reason = notProtected(text)
  expectOurs(reason)
  expect(reason.split('\n')).toHaveLength(4)
})

/** A job of many destinations whose names are as long and as bad as they can be. */
function flooded(name: (index: number) => string): ReturnType<typeof stolenReport> {
  const builder = new ReportBuilder()
  for (const step of ['<b>', 'two|']) {
    const script = new Script(step)
    for (let index = 0; index < 1_500; index++) {
      const pid = index + (step === '<b>' ? 100 : 10_000)
      const host = name(pid)
      const verdict = index % 2 === 0 ? 'blocked' : 'allowed'
      script
        .exec(pid, 1, [host, host], { exe: `/tmp/${host}` })
        .connect(pid, host, '203.0.113.1', { verdict, reason: host, rule: host })
        .dns(pid, host, { verdict, reason: host, rule: host })
      if (index < 300)
        script.detect(pid, { ofLast: 2, title: host, text: host }).http(pid, host, host, `/${host}`)
    }
    for (const event of script.events) builder.add(event)
  }
  return builder.build(facts({ command: [name(0)], step: 'job' }))
}

test.each([
  ['|', (index: number) => `${index}${'|'.repeat(4_000)}`],
  ['<', (index: number) => `${index}${'<'.repeat(4_000)}`],
  ['🙂', (index: number) => `${index}${'🙂'.repeat(2_000)}`],
  ['\u202e', (index: number) => `${index}${'\u202e'.repeat(4_000)}`],
  ['long labels', (index: number) => `${index}.${'a'.repeat(60)}.`.repeat(62)],
  ['valid names', (index: number) => `${index}.${'a'.repeat(60)}.${'b'.repeat(60)}.example.org`],
])('3,000 destinations with names of %s stay below the limit, and leave the policy', (_, name) => {
  const report = flooded(name)
  expect(report.destinations).toHaveLength(3_000)
  const text = jobSummary(report, {
    ...nothing,
    insightsUrl: `https://x.example/${'%3C'.repeat(600)}`,
  })
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(mebibyte - left)
  for (const part of ['### Detections', '### Blocked', '### Destinations by step', '### Allowed'])
    expect(text).toContain(part)
  expect(text).toMatch(
    /<summary>Recommended policy<\/summary>\n\n```yaml\nversion: 1\negress: block\n/,
  )
  expectOurs(text.replaceAll(/^\[View.*$/gm, ''))
})
