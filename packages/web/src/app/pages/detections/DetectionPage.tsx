import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useParams } from 'react-router'
import type { InboxDetection, InboxTrace } from '@runwarden/api'
import type { Severity } from '@runwarden/events'
import { SeverityChip } from '../../../ui/Chip.tsx'
import { CopyButton } from '../../../ui/CopyButton.tsx'
import { Fact, Facts } from '../../../ui/Facts.tsx'
import { Section } from '../../../ui/Section.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { jobPlace, runPlace } from '../../places.ts'
import { useMay } from '../../session/session.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { deeds, type NewState } from './change.ts'
import { ChangeDialog } from './ChangeDialog.tsx'
import { Evidence } from './Evidence.tsx'
import { useKeys } from './keys.ts'
import { StateChip } from './StateChip.tsx'
import { SuppressDialog } from './SuppressDialog.tsx'

type Whole = InboxDetection & { trace: InboxTrace[] }

/** A detection: what it says, what it rests on, what has become of it. */
export default function DetectionPage() {
  const org = useOrganisation()
  const { detection = '' } = useParams()
  const query = useQuery({
    queryKey: ['detections', org, 'one', detection],
    queryFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/detections/{detection}', {
          params: { path: { org, detection } },
        }),
      ),
  })
  useTitle(query.data?.title ?? 'Detection')
  useBreadcrumb([
    { label: 'Detections', to: paths.detections(org) },
    { label: query.data?.title ?? 'Detection' },
  ])
  return (
    <Loaded query={query} label="The detection is loading" whole>
      {(found) => <Shown org={org} found={found} />}
    </Loaded>
  )
}

function Shown({ org, found }: { org: string; found: Whole }) {
  const mayChange = useMay(org, 'editor')
  // The detection as it was seen when it was asked about.
  const [asking, setAsking] = useState<{ what: NewState | 'suppress'; item: Whole } | null>(null)
  const ask = (what: NewState | 'suppress') => (): void => {
    if (mayChange) setAsking({ what, item: found })
  }
  useKeys({ e: ask('acknowledged'), r: ask('resolved'), u: ask('open'), s: ask('suppress') })
  const close = (): void => setAsking(null)
  return (
    <>
      <div className="top">
        <h1>
          <Text value={found.title} limit={400} />
        </h1>
      </div>
      <FactsOf org={org} found={found} />
      {mayChange && (
        <div className="deeds" role="toolbar" aria-label="With this detection">
          {(Object.keys(deeds) as NewState[])
            .filter((state) => state !== found.state)
            .map((state) => (
              <button key={state} type="button" onClick={ask(state)}>
                {deeds[state].label} <kbd aria-hidden="true">{deeds[state].key}</kbd>
              </button>
            ))}
          {found.state !== 'suppressed' && (
            <button type="button" onClick={ask('suppress')}>
              Suppress… <kbd aria-hidden="true">s</kbd>
            </button>
          )}
        </div>
      )}
      <div className="spaced">
        <Section id="advice" title="What happened, and what to do">
          <p className="prose">
            <Text value={found.text} limit={4000} />
          </p>
        </Section>
        <Evidence org={org} found={found} />
        <Section id="history" title="History">
          <History org={org} found={found} />
        </Section>
      </div>
      {asking?.what === 'suppress' ? (
        <SuppressDialog org={org} item={asking.item} onDone={close} onClose={close} />
      ) : (
        asking !== null && (
          <ChangeDialog
            org={org}
            items={[asking.item]}
            state={asking.what}
            onDone={close}
            onClose={close}
          />
        )
      )}
    </>
  )
}

function FactsOf({ org, found }: { org: string; found: Whole }) {
  const { job, step, severity, state, detection, time, source, id } = found
  return (
    <Facts>
      <Fact title="Severity">
        <SeverityChip severity={severity as Severity} />
      </Fact>
      <Fact title="State">
        <StateChip state={state} />
      </Fact>
      <Fact title="Rule">
        <Code value={detection} limit={80} />
      </Fact>
      <Fact title="When">
        <Time at={time} />
      </Fact>
      <Fact title="Job">
        <Link to={jobPlace(org, job, { tab: 'detections' })}>
          <Text value={job.job ?? 'Job'} limit={120} />
        </Link>
      </Fact>
      {job.repository !== null && job.runId !== null && (
        <>
          <Fact title="Run">
            <Link to={runPlace(org, job)}>
              <Text value={`${job.workflow ?? 'Run'} #${job.runId}`} limit={120} />
            </Link>
          </Fact>
          <Fact title="Repository">
            <Link to={paths.repository(job.repository)}>
              <Text value={job.repository} limit={120} />
            </Link>
          </Fact>
        </>
      )}
      <Fact title="Step">{step === null ? 'none known' : <Text value={step} limit={120} />}</Fact>
      <Fact title="Found by">{source === 'agent' ? 'the agent' : 'the server'}</Fact>
      <Fact title="Id">
        <CopyButton text={id} label="Copy its id" />
      </Fact>
    </Facts>
  )
}

function History({ org, found }: { org: string; found: Whole }) {
  return (
    <ol className="trace">
      <li>
        <Time at={found.time} /> <strong>open</strong> found in the job
      </li>
      {found.trace.map(({ at, actor, state, note, suppression }, index) => (
        // A history only grows at its end.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={index}>
          <Time at={at} /> <StateChip state={state} /> by <Text value={actor} limit={120} />:{' '}
          <Text value={note} limit={1000} />
          {suppression !== null && (
            <>
              {' '}
              <Link to={paths.suppressions(org)}>its suppression</Link>
            </>
          )}
        </li>
      ))}
    </ol>
  )
}
