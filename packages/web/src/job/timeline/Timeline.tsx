import { duration, grouped } from '@runwarden/report/view'
import { Failure } from '../../ui/Failure.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Text } from '../../ui/Text.tsx'
import { AddressLink } from '../AddressLink.tsx'
import { Unseen } from '../Listed.tsx'
import { useJob, useSteps } from '../source.ts'
import { Axis } from './Axis.tsx'
import { useMarks, type Mark } from './marks.ts'

/** What happened when: each step's time, and what should be looked at in it, on one axis. */
export default function Timeline() {
  const { facts } = useJob()
  const steps = useSteps()
  const { marks, waiting } = useMarks()
  if (steps.isError) return <Failure error={steps.error} onRetry={() => void steps.refetch()} />
  if (steps.data === undefined || waiting) return <Skeleton label="The timeline" lines={8} />
  const begins = [...steps.data.map((step) => step.from), ...marks.map(({ at }) => at)].filter(
    (time) => time !== null,
  )
  const ends = [facts.finishedAt, ...steps.data.map(({ to }) => to), ...marks.map(({ at }) => at)]
  // What is before the first step, the agent's own start, would only press the rest together.
  const from = begins.length === 0 ? facts.startedAt : Math.min(...begins)
  const to = Math.max(from + 1, ...ends.map((end) => end ?? 0))
  const rows = [
    ...steps.data,
    ...(marks.some(({ step }) => !steps.data.some(({ id }) => id === step))
      ? [{ id: '', name: 'in no step', from: null, to: null }]
      : []),
  ]
  if (rows.length === 0)
    return <Unseen none="No step was seen to begin, and nothing of note happened." />
  const share = (time: number): number => ((time - from) / (to - from)) * 100
  return (
    <>
      <p className="about">
        {duration(to - from)} from the first step to the end. What is marked leads to what is behind
        it.
      </p>
      <div className="timeline">
        <Axis span={to - from} />
        <ol>
          {rows.map((step) => {
            const own = marks.filter((mark) =>
              step.id === ''
                ? !steps.data.some(({ id }) => id === mark.step)
                : mark.step === step.id,
            )
            return (
              <li key={step.id}>
                <div className="step-name">
                  <Text value={step.name} limit={80} />
                  <span className="aside">
                    {step.from !== null && step.to !== null && ` ${duration(step.to - step.from)}`}
                  </span>
                </div>
                <div className="lane">
                  {step.from !== null && (
                    <span
                      className="bar-of"
                      style={{
                        left: `${share(step.from)}%`,
                        width: `${Math.max(0.3, share(step.to ?? to) - share(step.from))}%`,
                      }}
                    />
                  )}
                  {own.map((mark) => (
                    <MarkLink
                      key={mark.key}
                      mark={mark}
                      left={share(mark.at)}
                      since={mark.at - from}
                    />
                  ))}
                </div>
                <p className="unseen">{grouped(own.length)} marks</p>
              </li>
            )
          })}
        </ol>
      </div>
    </>
  )
}

function MarkLink({ mark, left, since }: { mark: Mark; left: number; since: number }) {
  const said = `${mark.text}, after ${duration(Math.max(0, since))}`
  return (
    <span className="at" style={{ left: `${Math.min(99.4, Math.max(0, left))}%` }}>
      <AddressLink className={`mark-at tone-${mark.tone}`} set={mark.to} title={said}>
        <span className="unseen">{said}</span>
      </AddressLink>
    </span>
  )
}
