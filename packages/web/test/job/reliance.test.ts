import { expect, test } from 'vitest'
import { renderTerminal } from '../../../report/src/index.ts'
import { jobReliance } from '../../../events/src/reliance.ts'
import { reportOf, stolenReport } from '../../../report/test/runs.ts'
import { Script } from '../../../report/test/script.ts'
import { reportSource } from '../../src/job/from-report/source.ts'

const tampered = new Script().exec(7, 1, ['sh']).detect(7, { id: 'agent-tampered' })
const { health } = stolenReport()

test.each([
  ['bare', reportOf(tampered)],
  ['bare', reportOf(tampered, { egress: 'audit' })],
  ['bare', reportOf(new Script(), { protection: 'unprotected' })],
  ['bare', reportOf(new Script(), { protection: 'not-run' })],
  ['gaps', reportOf(new Script(), { health: { ...health, interrupted: true } })],
  ['gaps', reportOf(new Script(), { health: { ...health, eventsLost: { 'file.read': 1 } } })],
  ['block', reportOf(new Script())],
  ['audit', reportOf(new Script(), { egress: 'audit' })],
])('the page says of a report what the terminal does: %s', (state, report) => {
  const told = jobReliance(reportSource(report).facts)
  expect(told.state).toBe(state)
  expect(renderTerminal(report).toLowerCase()).toContain(`\n${told.words.toLowerCase()} · `)
})

test('of a job that goes on, who laid hands on its agent is said before all else', () => {
  const { facts } = reportSource(reportOf(tampered))
  expect(jobReliance({ ...facts, state: 'running' })).toMatchObject({ words: 'Tampering seen' })
  expect(jobReliance({ ...facts, state: 'lost' }).words).toBe('Ended without its agent')
  const untouched = { ...facts, tampered: false }
  expect(jobReliance({ ...untouched, state: 'silent' }).words).toBe('Not heard any more')
  expect(jobReliance({ ...untouched, state: 'running', armed: null, protection: null }).words).toBe(
    'Not armed yet',
  )
  expect(jobReliance({ ...untouched, armed: false, protection: null }).words).toBe('Not protected')
  expect(jobReliance({ ...untouched, egress: null })).toMatchObject({
    state: 'unknown',
    words: 'Mode not known',
  })
})
