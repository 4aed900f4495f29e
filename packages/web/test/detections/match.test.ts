import type { InboxDetection } from '@runwarden/api'
import { glob } from '@runwarden/policy'
import { expect, test } from 'vitest'
import { chosenAtFirst, patternsOf } from '../../src/app/pages/detections/match.ts'

const about = (file: string): InboxDetection => ({
  id: '01j00000000000000000000000',
  detection: 'source-code-overwritten',
  severity: 'high',
  title: '',
  text: '',
  time: 0,
  step: null,
  source: 'agent',
  state: 'open',
  evidence: [1],
  about: [{ endpoint: [], host: [], ip: [], process: [], file: [file], secret: [] }],
  suppression: null,
  job: {
    id: '01j00000000000000000000000',
    repository: 'acme/app',
    workflow: 'CI',
    job: 'build (*)',
    runId: '1',
    runAttempt: '1',
    url: null,
  },
})

const real = '/w/src/server.js'

test.each(['/w/**', '/w/src/*', String.raw`/w/src/\*`, `${real} `, real])(
  'a suppression that is proposed for %j is for no other file',
  (file) => {
    const { exact } = patternsOf(about(file))
    expect(chosenAtFirst(patternsOf(about(file)))).toContain('file')
    expect(glob(file, exact.file ?? '')).toBe(true)
    expect(glob(real, exact.file ?? '')).toBe(file === real)
    expect(exact.job).toBe(String.raw`build (\*)`)
  },
)

test.each(['/w/src/\n', `/w/${'x'.repeat(200)}`, `/w/${'*'.repeat(110)}`])(
  'nothing is chosen where no pattern is for %j alone',
  (file) => {
    const found = patternsOf(about(file))
    expect(found.exact.file).toBe(undefined)
    expect(glob(file.replace('\n', 'x'), found.wider.file ?? '')).toBe(true)
    expect(chosenAtFirst(found)).toEqual([])
  },
)
