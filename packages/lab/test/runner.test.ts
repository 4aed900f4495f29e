import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parsePairs } from '../src/runner/file-commands.ts'
import { type JobResult, runWorkflow, type WorkflowOptions } from '../src/runner/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-runner-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (...names: string[]): string => join(folder, ...names)

function put(path: string, text: string): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}

/** Runs a job with these steps. */
async function run(
  steps: string,
  options: Partial<WorkflowOptions> = {},
  head = '',
): Promise<JobResult & { log: string }> {
  put(
    'ci.yml',
    `name: CI\non: push\n${head}\njobs:\n  build:\n    runs-on: ubuntu-latest\n${steps}`,
  )
  return await runWorkflow(at('ci.yml'), {
    folder: at('runner'),
    workspace: at('repo'),
    actions: at('actions'),
    ...options,
  })
}

const ran = ({ steps }: JobResult): string[] =>
  steps.map(({ action, stage, outcome }) => `${action} ${stage} ${outcome}`)

describe('steps', () => {
  test('are children of a process called Runner.Worker, named as GitHub names them', async () => {
    const job = await run(`    steps:
      - run: cat /proc/$PPID/comm; echo "$GITHUB_ACTION $GITHUB_JOB $GITHUB_WORKFLOW $RUNNER_OS"
      - run: echo "$GITHUB_ACTION \${{ github.action }}"
      - id: named
        run: echo "$GITHUB_ACTION $0 $-"
`)
    expect(job.log).toContain('Runner.Worker\n__run build CI Linux\n')
    expect(job.log).toContain('\n__run_2 __run_2\n')
    expect(job.log).toMatch(/\nnamed \/\S+\/_temp\/[0-9a-f-]{36}\.sh \w*e\w*\n/)
    expect(ran(job)).toEqual(['__run main success', '__run_2 main success', 'named main success'])
  })

  test('hand on what they write to GITHUB_ENV, GITHUB_PATH and GITHUB_OUTPUT', async () => {
    const job = await run(
      `    env: { WHOLE: "\${{ github.ref_name }}" }
    outputs: { said: "\${{ steps.tell.outputs.word }}" }
    steps:
      - id: tell
        run: |
          echo "word=hello" >> "$GITHUB_OUTPUT"
          printf 'LINES<<END\\na\\nb\\nEND\\n' >> "$GITHUB_ENV"
          mkdir own; printf '#!/bin/sh\\necho "own tool"\\n' > own/tool; chmod +x own/tool
          echo "$PWD/own" >> "$GITHUB_PATH"
      - run: tool; echo "$WHOLE $TOP $OWN $LINES \${{ steps.tell.outputs.word }}"
        env: { OWN: "\${{ env.TOP }}!" }
`,
      {},
      'env: { TOP: top }',
    )
    expect(job.log).toContain('own tool\nmain top top! a\nb hello\n')
    expect(job.outputs).toEqual({ said: 'hello' })
  })

  test('run in their shell and folder', async () => {
    put('repo/below/file', '')
    const job = await run(`    defaults: { run: { working-directory: below } }
    steps:
      - run: ls; false | true
      - run: false | true
        shell: bash
        continue-on-error: true
      - run: echo "$0"; pwd
        shell: perl -e 'print "perl\\n"' {0}
        working-directory: .
`)
    expect(job.log).toContain('file\n')
    expect(ran(job).slice(0, 2)).toEqual(['__run main success', '__run_2 main failure'])
  })

  test('are left out by their condition, and after a failure', async () => {
    const job = await run(`    steps:
      - run: exit 3
      - run: echo never
      - run: echo cleaning
        if: failure()
      - run: echo last
        if: always() && github.event_name == 'push'
      - run: echo no
        if: github.ref == 'refs/heads/other'
`)
    expect(job.status).toBe('failure')
    expect(ran(job)).toEqual([
      '__run main failure',
      '__run_2 main skipped',
      '__run_3 main success',
      '__run_4 main success',
      '__run_5 main skipped',
    ])
    expect(job.steps[0]?.status).toBe(3)
  })

  test('end when their time is over: the step has failed', async () => {
    const job = await run(`    steps:
      - run: exec sleep 1000
        name: Too long
        timeout-minutes: 0.01
      - run: echo never
      - run: echo cleaning
        if: always()
`)
    expect(job.status).toBe('failure')
    expect(ran(job)).toEqual(['__run main failure', '__run_2 main skipped', '__run_3 main success'])
    expect(job.log).toContain("The action 'Too long' has timed out after 0.01 minutes.")
  })

  test('end when the time of their job is over: the job is cancelled', async () => {
    const job = await run(`    timeout-minutes: 0.02
    steps:
      - run: exec sleep 1000
      - run: echo never
      - run: echo "cleaning \${{ job.status }}"
        if: always()
`)
    expect(job.status).toBe('cancelled')
    expect(ran(job)).toEqual([
      '__run main cancelled',
      '__run_2 main skipped',
      '__run_3 main success',
    ])
    expect(job.log).toContain('cleaning cancelled\n')
  })

  test('may leave processes, which end with the job', async () => {
    const job = await run(`    steps:
      - run: sleep 1000 & echo $! > pid
      - run: kill -0 "$(cat pid)" && echo alive
`)
    expect(job.log).toContain('alive\n')
    const pid = readFileSync(at('repo/pid'), 'utf8').trim()
    // Ended, whether or not somebody has waited for it yet.
    const state = (): string => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] ?? ''
      } catch {
        return 'gone'
      }
    }
    await expect.poll(state, { timeout: 30_000 }).toMatch(/^(?:Z|gone)$/)
  })
})

/** A JavaScript action whose stages say what they are. */
function putAction(name: string, stages: string): void {
  put(
    `actions/acme/${name}/v1/action.yml`,
    `name: ${name}\ndescription: ''\ninputs: { what: { default: nothing } }\nruns:\n  using: node24\n${stages}`,
  )
  for (const stage of ['pre', 'main', 'post'])
    put(
      `actions/acme/${name}/v1/${stage}.js`,
      `const { appendFileSync } = require('fs')
       console.log('${name} ${stage}', process.env.INPUT_WHAT, process.env.STATE_kept, process.env.GITHUB_ACTION, process.env.GITHUB_ACTION_REPOSITORY)
       if ('${stage}' === 'main') appendFileSync(process.env.GITHUB_STATE, 'kept=yes\\n')`,
    )
}

describe('actions', () => {
  test('run pre before all steps, and post behind them, the last first', async () => {
    for (const name of ['one', 'two'])
      putAction(name, '  pre: pre.js\n  main: main.js\n  post: post.js\n')
    const job = await run(`    steps:
      - run: echo first
      - uses: acme/one@v1
        with: { what: "\${{ github.job }}" }
      - uses: acme/two@v1
        id: second
`)
    expect(ran(job)).toEqual([
      '__acme_one pre success',
      'second pre success',
      '__run main success',
      '__acme_one main success',
      'second main success',
      'second post success',
      '__acme_one post success',
    ])
    expect(job.log).toContain('one main build undefined __acme_one acme/one\n')
    expect(job.log).toContain('one post build yes __acme_one acme/one\n')
    expect(job.log).toContain('two main nothing undefined second acme/two\n')
  })

  test('have a state of their own wherever they are used, and are warned of inputs that they do not have', async () => {
    putAction('one', '  main: main.js\n  post: post.js\n')
    put(
      'actions/acme/one/v1/main.js',
      `require('fs').appendFileSync(process.env.GITHUB_STATE, 'kept=' + process.env.INPUT_WHAT + '\\n'); console.log(process.env.ACTIONS_RUNTIME_TOKEN.length)`,
    )
    const job = await run(
      `    steps:
      - uses: acme/one@v1
        with: { What: first, whta: x }
      - uses: acme/one@v1
        with: { WHAT: "\${{ github.token }}" }
      - run: echo "token \${ACTIONS_RUNTIME_TOKEN-none} \${GITHUB_TOKEN-none} $RUNNER_ENVIRONMENT"
`,
      {
        secrets: { GITHUB_TOKEN: 'ghs_of_the_job' },
        services: { ACTIONS_RUNTIME_TOKEN: 'service-token' },
        runner: { environment: 'github-hosted' },
      },
    )
    expect(job.log).toContain('one post *** *** __acme_one_2 acme/one\n')
    expect(job.log).toContain('one post first first __acme_one acme/one\n')
    expect(job.log).toContain('\n13\n')
    expect(job.log).toContain('token none none github-hosted\n')
    expect(job.annotations.map(({ action, message }) => `${action}: ${message}`)).toEqual([
      "__acme_one: Unexpected input(s) 'whta', valid inputs are ['what']",
      "__acme_one: Unexpected input(s) 'whta', valid inputs are ['what']",
    ])
  })

  test('of which one fails early leave the rest out, unless its step may fail; posts run all the same', async () => {
    putAction('one', '  pre: pre.js\n  main: main.js\n  post: post.js\n')
    put('actions/acme/one/v1/pre.js', 'process.exit(process.env.INPUT_WHAT === "fail" ? 1 : 0)')
    const steps = '      - uses: acme/one@v1\n        with: { what: fail }\n'
    const job = await run(`    steps:\n${steps}      - run: echo next\n`)
    expect(job.status).toBe('failure')
    expect(ran(job)).toEqual([
      '__acme_one pre failure',
      '__acme_one main skipped',
      '__run main skipped',
      '__acme_one post success',
    ])
    const may = await run(`    steps:\n${steps}        continue-on-error: true\n`)
    expect(may.status).toBe('success')
  })

  test('of several steps are the step that uses them', async () => {
    put(
      'repo/tool/action.yml',
      `name: tool
description: ''
inputs: { word: { required: true } }
outputs: { length: { value: "\${{ steps.count.outputs.n }}" } }
runs:
  using: composite
  steps:
    - run: echo "$GITHUB_ACTION \${{ inputs.word }} $GITHUB_ACTION_PATH"
      shell: bash
    - id: count
      run: word="\${{ inputs.word }}"; echo "n=\${#word}" >> "$GITHUB_OUTPUT"
      shell: sh
`,
    )
    const job = await run(`    steps:
      - id: use
        uses: ./tool
        with: { word: hello }
      - run: echo "length \${{ steps.use.outputs.length }}"
`)
    expect(job.log).toContain(`use hello ${at('repo/tool')}\n`)
    expect(job.log).toContain('length 5\n')
    expect(ran(job)).toEqual(['use main success', 'use main success', '__run main success'])
  })

  test('that are local have no pre, as with GitHub', async () => {
    put(
      'repo/js/action.yml',
      "name: js\ndescription: ''\nruns: { using: node24, pre: m.js, main: m.js, post: m.js }\n",
    )
    put('repo/js/m.js', '')
    const job = await run('    steps:\n      - uses: ./js\n')
    expect(ran(job)).toEqual(['__self main success', '__self post success'])
    expect(job.log).toContain("'pre' is not run for the local action ./js")
  })
})

describe('what steps say', () => {
  test('is in pages, masked, without the commands; annotations are told', async () => {
    put('repo/a', 'x')
    const job = await run(
      `    steps:
      - run: |
          echo "::add-mask::hidden"; echo "a hidden b"; echo "known $KNOWN"; printf known-secret | base64
          echo "::group::one"; echo "::warning file=a.js,line=3,title=x%2Cy::odd%0Athing"
          echo "::stop-commands::token"; echo "::error::not one"; echo "::token::"
          echo "hash \${{ hashFiles('a', 'b') != '' && hashFiles('none') == '' }}"
        env: { KNOWN: "\${{ secrets.PASSWORD }}" }
      - run: 'echo "::set-env name=A::b"'
`,
      { secrets: { PASSWORD: 'known-secret' } },
    )
    const folder = at('runner/_diag/pages')
    const pages = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
    const texts = pages.map((text) =>
      text.replaceAll(/^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z /gm, ''),
    )
    // The job's, and one of each step.
    expect(texts.length, texts.join('====')).toBe(3)
    expect(texts.find((text) => text.includes('a *** b') && !text.includes('set-env'))).toContain(
      'a *** b\nknown ***\n***\n##[group]one\n##[warning]odd\nthing\n::stop-commands::token\n::error::not one\n::token::\nhash true\n',
    )
    expect(pages.join('')).not.toContain('hidden')
    expect(job.steps.map(({ outcome }) => outcome)).toEqual(['success', 'failure'])
    expect(job.steps[0]?.annotations).toEqual([
      {
        level: 'warning',
        message: 'odd\nthing',
        properties: { file: 'a.js', line: '3', title: 'x,y' },
      },
    ])
  })
})

describe('what a step tells by its files', () => {
  test('is taken of each file by itself: one that is wrong is an error, and the step has failed', async () => {
    const job = await run(`    outputs: { said: "\${{ steps.wrong.outputs.word }}" }
    steps:
      - id: wrong
        run: echo no >> "$GITHUB_ENV"; echo word=hello >> "$GITHUB_OUTPUT"; rm "$GITHUB_STATE"
`)
    expect(job.status).toBe('failure')
    expect(job.outputs).toEqual({ said: 'hello' })
    expect(job.annotations.map(({ message }) => message)).toEqual([
      "Unable to process file command 'env' successfully.",
      "GITHUB_ENV, line 1: 'no' is not name=value",
    ])
  })

  test('in its summary is shown masked, up to GitHub’s limit: more is an error, and none of it is shown', async () => {
    const job = await run(
      `    steps:
      - run: echo "# one $KNOWN" >> "$GITHUB_STEP_SUMMARY"
        env: { KNOWN: "\${{ secrets.PASSWORD }}" }
      - id: most
        run: head -c 1048576 /dev/zero | tr '\\0' 'm' >> "$GITHUB_STEP_SUMMARY"
      - id: more
        run: head -c 1048577 /dev/zero | tr '\\0' 'n' >> "$GITHUB_STEP_SUMMARY"
      - run: echo two >> "$GITHUB_STEP_SUMMARY"
`,
      { secrets: { PASSWORD: 'known-secret' } },
    )
    expect(job.status).toBe('success')
    expect(job.summary.replace(/m{1048576}/, 'whole')).toBe('# one ***\n\nwhole\ntwo\n')
    expect(job.annotations).toEqual([
      {
        action: 'more',
        stage: 'main',
        level: 'error',
        message:
          '$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got 1024k.',
        properties: {},
      },
    ])
  })
})

describe('what cannot be run is said', () => {
  test.for([
    ['    steps:\n      - runs: echo\n', "Unexpected value 'runs'"],
    [
      '    strategy: { matrix: { a: [1] } }\n    steps:\n      - run: echo\n',
      "has 'strategy:': use runJobs",
    ],
    ['    steps:\n      - uses: acme/none@v1\n', 'there is no action.yml in'],
    ['    container: busybox\n    steps:\n      - run: echo\n', "name one as 'engine'"],
    ['    steps:\n      - run: echo\n        shell: fish\n', "shell 'fish' is unknown"],
  ] as const)('%s', async ([steps, message]) => {
    await expect(run(steps)).rejects.toThrow(message)
  })

  test('a value without its delimiter', () => {
    expect(() => parsePairs('a<<END\nb\n', 'GITHUB_ENV')).toThrow('does not end with its delimiter')
  })
})
