import { jobReliance } from '@runwarden/events/reliance'
import { duration } from '@runwarden/report/view'
import { Fact, Facts } from '../ui/Facts.tsx'
import { StateWord } from '../ui/StateWord.tsx'
import { Time } from '../ui/Time.tsx'
import { Text } from '../ui/Text.tsx'
import { useControlPlane } from './control-plane.ts'
import { type JobFacts, useJob } from './source.ts'

/** What the job is, whether it was protected, and how it went. */
export function JobHeader() {
  const plane = useControlPlane()
  const { facts } = useJob()
  const { name, state, exit, tier, egress, startedAt, finishedAt, runner, attempt } = facts
  const isOver = state === 'finished' || state === 'lost'
  return (
    <>
      <div className="heading">
        <h1>
          <Text value={name} limit={200} />
        </h1>
        <Reliance />
        {plane !== null && plane.past !== null && (
          <plane.Link className="compare" to={plane.paths.compare('previous')}>
            Compare with the previous run
          </plane.Link>
        )}
      </div>
      <Facts>
        <Fact title="State">
          <JobState state={state} exit={exit} />
        </Fact>
        <Fact title="Mode">{egress ?? (isOver ? 'not known' : 'not known yet')}</Fact>
        <Fact title="Started">
          <Time at={startedAt} />
        </Fact>
        {finishedAt !== null && <Fact title="Took">{duration(finishedAt - startedAt)}</Fact>}
        <Fact title="Tier">{tier ?? (isOver ? 'not known' : 'not heard yet')}</Fact>
        {attempt !== null && <Fact title="Attempt">{attempt}</Fact>}
        {runner !== null && (
          <Fact title="Runner">
            <Text value={runner} limit={80} />
          </Fact>
        )}
      </Facts>
    </>
  )
}

/** How far what the page says can be relied on, in a few words. */
function Reliance() {
  const { facts } = useJob()
  const { state, words } = jobReliance(facts)
  return <span className={`state state-${state}`}>{words}</span>
}

function JobState({ state, exit }: { state: JobFacts['state']; exit: number | null }) {
  return (
    <>
      <StateWord state={state} failed={exit !== null && exit !== 0} />
      {state === 'silent' && ': its agent is not heard any more'}
      {state === 'lost' && ': its agent died, or was not heard any more'}
      {exit !== null && `${state === 'lost' ? '; its command ended' : ''} with exit status ${exit}`}
    </>
  )
}
