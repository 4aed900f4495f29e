import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Jobs } from '../../src/jobs/jobs.ts'
import { AgentService } from '../../src/service/service.ts'

async function start(home: string, patienceMs: number) {
  const idle = Promise.withResolvers<void>()
  const said: string[] = []
  const say = (text: string): void => void said.push(text)
  const service = await AgentService.start({ version: 'test', scopes: [], home, say })
  const jobs = await Jobs.start({
    service,
    home,
    out: join(home, 'out'),
    open: () => Promise.reject(new Error('no job comes')),
    say,
    onIdle: idle.resolve,
    patienceMs,
  })
  return { service, jobs, said, idle: idle.promise }
}

test('an agent that no job asks ends: whoever started it for one was killed', async () => {
  const home = mkdtempSync(join(tmpdir(), 'runwarden-jobs-'))
  try {
    const { service, jobs, idle } = await start(home, 10)
    await idle
    jobs.close()
    await service.stop('end')
  } finally {
    rmSync(home, { recursive: true })
  }
})

test('a job whose worker has ended while no agent was there is cleaned up', async () => {
  const home = mkdtempSync(join(tmpdir(), 'runwarden-jobs-'))
  try {
    mkdirSync(join(home, 'jobs'))
    const file = join(home, 'jobs/0123456789ab.json')
    const known = {
      id: '0123456789ab',
      worker: 1,
      workerStart: 'another',
      ownCgroup: true,
      cgroup: '/gone',
    }
    writeFileSync(file, JSON.stringify(known))
    const { service, jobs, said } = await start(home, 60_000)
    expect(existsSync(file)).toBe(false)
    expect(said).toEqual([])
    jobs.close()
    await service.stop('end')
  } finally {
    rmSync(home, { recursive: true })
  }
})
