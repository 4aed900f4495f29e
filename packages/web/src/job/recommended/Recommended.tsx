import { useState } from 'react'
import { counted } from '@runwarden/report/view'
import { ChoiceButtons } from '../../ui/ChoiceButtons.tsx'
import { Failure } from '../../ui/Failure.tsx'
import { Nothing } from '../../ui/Section.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { useAddressed } from '../address.ts'
import { useControlPlane, useKnown } from '../control-plane.ts'
import { PolicyText } from '../policy/PolicyText.tsx'
import { SavePolicy } from '../policy/SavePolicy.tsx'
import { Simulated, triedRuns } from '../policy/Simulated.tsx'
import { entriesOf, workflowSnippet } from '../policy/snippet.ts'
import { useJob, useReport } from '../source.ts'
import { Evidence } from './Evidence.tsx'

const bases = ['run', 'runs'] as const
const forms = ['policy', 'workflow'] as const

/** Finished runs of the job that a policy is made from. */
const window = 100

/** The smallest policy that this run, or the job's runs together, would have needed. */
export default function Recommended() {
  const plane = useControlPlane()
  const [basis, setBasis] = useAddressed('of', bases)
  const hasPast = plane !== null && plane.past !== null
  const chosen = basis ?? 'run'
  return (
    <>
      <p className="about">
        The allow-list that {chosen === 'run' ? 'this run' : 'the job’s finished runs'} would have
        needed. Read it before you use it: what an attacker reached in audit mode is in it too.
      </p>
      {hasPast && (
        <div className="tools">
          <ChoiceButtons
            legend="Made from"
            options={bases}
            value={chosen}
            text={(one) => (one === 'run' ? 'This run' : `The last ${window} runs`)}
            onPress={(one) => setBasis(one === 'run' ? null : one)}
          />
        </div>
      )}
      {chosen === 'runs' && hasPast ? <OfRuns /> : <OfRun />}
    </>
  )
}

function OfRun() {
  const { facts } = useJob()
  const report = useReport()
  if (report.error !== null)
    return <Failure error={report.error} onRetry={() => void report.refetch()} />
  if (report.data === undefined) return <Skeleton label="The policy is loading" lines={8} />
  if (report.data === null)
    return (
      <Nothing>
        {facts.state === 'running'
          ? 'The job goes on: its policy is made when it has finished.'
          : 'The agent was not heard to the end of the job: it made no policy.'}
      </Nothing>
    )
  if (report.data.protection !== 'armed')
    return <Nothing>Not known: nothing watched the job, so nobody can say what it needs.</Nothing>
  return <Document text={report.data.recommendedPolicy} />
}

function OfRuns() {
  const known = useKnown(['recommendation'], (plane) => plane.recommendation(window))
  if (known.error !== null)
    return <Failure error={known.error} onRetry={() => void known.refetch()} />
  if (known.data === undefined) return <Skeleton label="The policy is loading" lines={8} />
  const { text, runs, state, evidence } = known.data
  if (runs === 0) return <Nothing>No run of this job has finished: nothing is known.</Nothing>
  return (
    <>
      <p className="about">
        From {counted(runs, 'finished run')}.{' '}
        {state === 'stable'
          ? 'The newest of them brought nothing new: it is stable.'
          : 'The newest of them still brought something new: it is not stable yet.'}
      </p>
      <Document text={text} />
      <Evidence evidence={evidence} runs={runs} />
    </>
  )
}

/** A policy to copy, to try, and to save. */
function Document({ text }: { text: string }) {
  const plane = useControlPlane()
  const [form, setForm] = useAddressed('form', forms)
  const [saving, setSaving] = useState(false)
  const [tried, setTried] = useState<string | null>(null)
  const chosen = form ?? 'policy'
  return (
    <>
      <div className="tools">
        <ChoiceButtons
          legend="Written as"
          options={forms}
          value={chosen}
          text={(one) => (one === 'policy' ? 'Policy document' : 'Step of a workflow')}
          onPress={(one) => setForm(one === 'policy' ? null : one)}
        />
        {plane !== null && (
          <span className="inline">
            <button type="button" onClick={() => setTried(text)}>
              Simulate on the last {triedRuns} runs
            </button>
            {plane.mayEdit && (
              <button type="button" className="primary" onClick={() => setSaving(true)}>
                Save to the store…
              </button>
            )}
          </span>
        )}
      </div>
      {chosen === 'policy' ? (
        <PolicyText label="Recommended policy" text={text} copy="Copy policy" />
      ) : (
        <>
          <PolicyText label="Step of a workflow" text={workflowSnippet(text)} copy="Copy step" />
          <p className="about">
            It is the job’s first step. OWNER is whoever publishes the action for you; pin it by its
            commit.
            {entriesOf(text).some(({ more }) => more) &&
              ' Lines with “names: unchecked” need the policy document: allowed-endpoints can’t say that.'}
          </p>
        </>
      )}
      {tried !== null && <Simulated text={tried} />}
      {saving && (
        <SavePolicy
          title="Save the recommended policy"
          what="The recommended policy"
          make={() => text}
          onClose={() => setSaving(false)}
        />
      )}
    </>
  )
}
