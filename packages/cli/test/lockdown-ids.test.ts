import { detectionIds } from '@runwarden/policy'
import { codedDetections, readBuiltinRules } from '@runwarden/rules/files'
import { expect, test } from 'vitest'

test('lockdown can name every detection that there is, and none that is never found', () => {
  const found = [...readBuiltinRules().rules, ...codedDetections].map(({ id }) => id)
  const ids = new Set(found.filter((id) => id !== 'job-locked-down'))
  expect(detectionIds).toEqual([...ids].toSorted())
})
