import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Runner } from '../src/runner/index.ts'

test('a runner of an ordinary user has nothing of root’s', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-user-'))
  try {
    chmodSync(folder, 0o755)
    writeFileSync(
      join(folder, 'ci.yml'),
      `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: id -un; stat -c %U "/proc/$PPID" "$GITHUB_WORKSPACE" "$RUNNER_TEMP"; touch "$RUNNER_TEMP/mine" mine; test ! -w /etc/passwd
`,
    )
    await using runner = Runner.start({ folder: join(folder, 'runner'), user: 'nobody' })
    const job = runner.run(join(folder, 'ci.yml'), {})
    const { status, log } = await job.ended
    expect(log).toContain('nobody\nnobody\nnobody\nnobody\n')
    expect(status).toBe('success')
    expect(statSync(join(job.workspace, 'mine')).uid).not.toBe(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
