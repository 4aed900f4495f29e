import type { Report } from '@runwarden/events'
import { reportOf } from './runs.ts'
import { Script } from './script.ts'

/** Texts that a job can choose, each against another reader: browsers, terminals, Markdown, YAML, runners, people. */
export const hostile: readonly string[] = [
  '</script><script>canary()</script>',
  '<script>canary()</script>',
  '<img src=x onerror=canary()>',
  '"><svg/onload=canary()>',
  "'-canary()-'",
  '<!--<script>',
  '--><b>bold</b><!--',
  ']]></pre></noscript><script>canary()</script>',
  '&lt;script&gt;canary()&lt;/script&gt;',
  'javascript:canary()',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '{{constructor.constructor("canary()")()}}',
  '__proto__',
  'constructor',
  "$& $1 $` $' $$",
  '\x1b[2J\x1b[1;1H\x1b]0;owned\x07\x1b]8;;https://evil.example/\x1b\\click\x1b]8;;\x1b\\',
  '\x9b31mred\x9c',
  '\r                              \rallowed',
  '\b\b\b\b\b\b\ballowed',
  'invoice.\u202egpj.exe',
  '\u2066\u202eisolate\u2069',
  'zero\u200bwidth\ufeff\u2060',
  'line\nbreak\r\n## A heading\n\n- item',
  'separators\u2028and\u2029\x85\x0b\x0c',
  'pipe | cell || x |',
  '`tick` ``two``',
  '```\nfence\n```',
  '[link](https://evil.example/) ![image](https://evil.example/x.png)',
  '<https://evil.example/> https://evil.example/ www.evil.example user@evil.example',
  '@octocat @github/everyone #123 GH-1 octo/repo#2',
  '***bold*** ~~gone~~ __under__ \\| \\`',
  '> [!NOTE]\n> trusted',
  '\0NUL\0',
  '\ud800 alone',
  '::error file=x::owned',
  '::add-mask::x',
  '##[error]owned',
  '- "*:443" # comment',
  'x: &a !!js/function "f"',
  '*',
  ' leading and trailing ',
  '',
  `${'Z'.repeat(100)}a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301`,
  'x'.repeat(100_000),
]

/** Where text stands alone in a line, so must not begin one. */
export function hostileReport(texts: readonly string[] = hostile): Report {
  const script = new Script('step <b>')
  for (const [index, text] of texts.entries()) {
    const pid = 100 + index
    script
      .exec(pid, index === 0 ? 1 : pid - 1, [text, text, '-c', text], {
        exe: `/tmp/${text}`,
        cwd: `/home/runner/work/shop/${text}`,
      })
      .dns(pid, `${text}.example`, {
        verdict: 'blocked',
        reason: text,
        rule: text,
        rcode: 'REFUSED',
        type: text.slice(0, 20),
        server: '192.0.2.53',
      })
      .dns(pid, `b${text}`, { verdict: 'attack-blocked', reason: text, rule: text })
      .connect(pid, `${text}.example`, '203.0.113.1', {
        verdict: 'blocked',
        reason: text,
        rule: null,
      })
      .connect(pid, `ok${text}`, '203.0.113.1', { reason: text, rule: text })
      .http(pid, text, text, `/${text}`)
      .http(pid, text, 'api.github.com', `/repos/${text}/${text}`, {
        authorization: 'installation',
      })
      .response(200)
      .opaque(pid, text)
      .file(pid, 'write', `/home/runner/work/shop/${text}`)
      .file(pid, 'read', `/root/${text}`, { sensitive: text })
      .rename(pid, `/tmp/${text}`, `/tmp/to-${text}`)
      .sandbox(pid, 'mount', text)
      .detect(pid, {
        ofLast: 8,
        id: 'domain-blocked',
        title: text,
        text,
        severity: index % 2 === 0 ? 'high' : 'low',
      })
      .exit(pid, 1)
  }
  const [one = '', two = ''] = texts
  return reportOf(script, {
    command: ['sh', '-c', ...texts],
    policyFile: `${one}.yml`,
    kernel: two,
    leftOver: texts.map((exe, index) => ({ execId: null, pid: 9_000 + index, exe, ended: false })),
    health: {
      tier: 'T0',
      armedMs: 1,
      hooks: texts.map((text, index) => ({
        name: `hook${index}${text}`,
        tier: 'T0',
        state: 'refused',
        reason: text,
      })),
      eventsLost: Object.fromEntries(texts.map((text) => [`file ${text}`, 1])),
      gaps: [...texts],
    },
  })
}
