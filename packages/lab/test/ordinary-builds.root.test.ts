import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BuildRoom, ordinaryBuilds } from '../src/replays/index.ts'

let room: BuildRoom
beforeAll(async () => {
  room = await BuildRoom.start()
}, 600_000)
afterAll(() => room[Symbol.asyncDispose]())

describe.for(['audit', 'block'] as const)('in %s mode', (egress) => {
  test.for(ordinaryBuilds)(
    'nothing above info is found in: $name',
    { timeout: 500_000 },
    async (build) => {
      const found = await room.run(build, egress)
      // What the agent says of its own files has no event of the build behind it: others may install packages meanwhile.
      const byBuild = found.filter(({ evidence }) => evidence.length > 0)
      expect(byBuild.filter(({ severity }) => severity !== 'info')).toEqual([])
    },
  )
})
