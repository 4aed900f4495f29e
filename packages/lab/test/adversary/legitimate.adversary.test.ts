import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { works } from '../../src/adversary/legitimate.ts'
import { legitimatePolicy, openForWork } from '../../src/adversary/legitimate-world.ts'
import { Stage } from '../../src/adversary/stage.ts'
import { type Done, readWork, writeWork } from '../../src/adversary/work.ts'

let stage: Stage
let done: Map<string, Done>

beforeAll(async () => {
  stage = await Stage.open({ policy: legitimatePolicy, packets: false })
  const env = await openForWork(stage)
  const folder = stage.work('work')
  const job = writeWork(stage, folder, works, env)
  const { status, stderr } = await stage.run(job, 'user', join(folder, 'out'))
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  done = readWork(folder)
}, 1_800_000)
afterAll(() => stage[Symbol.asyncDispose]())

test.for(works)('$id: $what', ({ id }) => {
  expect(done.get(id)).toEqual({ status: 0, said: expect.any(String) })
})
