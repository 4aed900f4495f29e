import type * as scope from '../../sensor/src/scope.ts'
import { expect, test, vi } from 'vitest'
import { examine } from '../src/index.ts'

// As if the depth of the scope had been taken for another: the kernel's programs then find nobody in it.
vi.mock(import('../../sensor/src/scope.ts'), async (original) => {
  const real: typeof scope = await original()
  return {
    ...real,
    scopeIdentity: (path) => {
      const { id, level } = real.scopeIdentity(path)
      return { id, level: level + 1 }
    },
  }
})

test('a scope whose processes the sensor does not see is not armed', async () => {
  const { armed, armedReason } = await examine()
  expect({ armed, armedReason }).toEqual({
    armed: false,
    armedReason: 'self-check: a process ran in the scope, and nothing of it was told',
  })
})
