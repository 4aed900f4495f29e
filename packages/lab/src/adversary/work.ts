import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Work } from './legitimate.ts'
import { account, type Stage } from './stage.ts'

/** How a piece of work ended. */
export interface Done {
  status: number
  said: string
}

/** Writes a job of all this work; gives the path of its script. */
export function writeWork(
  stage: Stage,
  folder: string,
  works: readonly Work[],
  env: Record<string, string>,
): string {
  const shared = join(folder, 'shared')
  for (const name of ['steps', 'said', 'shared']) mkdirSync(join(folder, name))
  for (const name of ['said', 'shared']) chmodSync(join(folder, name), 0o777)
  // ssh takes keys of its user's own only.
  copyFileSync(join(stage.folder, 'sshd/client'), join(shared, 'key'))
  chownSync(join(shared, 'key'), account.id, account.id)
  chmodSync(join(shared, 'key'), 0o600)
  const exports = Object.entries({ ...env, ...commonly(shared) })
    .map(([name, value]) => `export ${name}='${value}'\n`)
    .join('')
  for (const { id, script } of works)
    writeFileSync(join(folder, 'steps', id), `${exports}${script}\n`)
  const lines = [
    ...works.filter(({ long }) => long === true).map(({ id }) => `work ${id} &`),
    ...works.filter(({ long }) => long !== true).map(({ id }) => `work ${id}`),
    'wait',
  ]
  const work =
    'work() { timeout 300 bash "steps/$1" >"said/$1" 2>&1 </dev/null; echo $? >"said/$1.status"; }'
  const job = join(folder, 'job.sh')
  writeFileSync(job, `cd '${folder}' || exit 1\n${work}\n${lines.join('\n')}\nexit 0\n`)
  return job
}

export function readWork(folder: string): Map<string, Done> {
  const read = (name: string) => readFileSync(join(folder, 'said', name), 'utf8')
  const ids = readdirSync(join(folder, 'steps'))
  return new Map(
    ids.map((id) => [id, { status: Number(read(`${id}.status`)), said: read(id).slice(-800) }]),
  )
}

/** The names that adv.py asks for mean nothing here. */
function commonly(shared: string): Record<string, string> {
  const none = { T: 'work', D4: '0.0.0.0', D6: '::', HOST: '-', ZONE: '-', PORT: '0' }
  return {
    ...none,
    SHARED: shared,
    HOME: shared,
    PYTHONPATH: join(shared, '../..'),
    PYTHONDONTWRITEBYTECODE: '1',
  }
}
