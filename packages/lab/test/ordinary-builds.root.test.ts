import { describe, expect, test } from 'vitest'
import { build, ordinaryBuilds } from '../src/replays/index.ts'

describe.for(['audit', 'block'] as const)('in %s mode', (egress) => {
  test.for(ordinaryBuilds)('nothing above info is found in: $name', async ({ script }) => {
    const found = await build(script, egress)
    // What the agent says of its own files has no event of the build behind it: others may install packages meanwhile.
    const byBuild = found.filter(({ evidence }) => evidence.length > 0)
    expect(byBuild.filter(({ severity }) => severity !== 'info')).toEqual([])
  })
})
