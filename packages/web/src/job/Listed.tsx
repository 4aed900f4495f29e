import type { ReactNode } from 'react'
import { jobReliance } from '@runwarden/events/reliance'
import { counted } from '@runwarden/report/view'
import { Failure } from '../ui/Failure.tsx'
import { Nothing } from '../ui/Section.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import type { Pages } from '../ui/pages.ts'
import { Code, Text } from '../ui/Text.tsx'
import { AddressLink } from './AddressLink.tsx'
import { unnarrowed } from './narrowing.ts'
import { type JobFacts, useHealth, useJob } from './source.ts'

interface Props<T> {
  list: Pages<T>
  /** What is waited for, to those who don't see it. */
  label: string
  /** What it means that there is none: said only of a job that was watched. */
  none: string
  /** The list is narrowed, so that none says only that none is like that. */
  narrowed?: boolean
  /** Names of the hooks without which nothing of it would be seen. */
  hooks?: RegExp
  children: ReactNode
}

/** A list of a job, or why there is none to show. */
export function Listed<T>({ list, label, none, narrowed = false, hooks, children }: Props<T>) {
  // One place for the rows of before and of now: what has the focus there keeps it.
  if (list.rows.length > 0) return <div aria-busy={list.busy}>{children}</div>
  if (list.waiting) return <Skeleton label={label} lines={10} />
  if (list.error !== null) return <Failure error={list.error} onRetry={list.again} />
  if (narrowed && list.more !== null)
    return (
      <Nothing>
        Nothing that has come so far is like that.{' '}
        <button type="button" onClick={list.more} disabled={list.moreComes}>
          Look further
        </button>
      </Nothing>
    )
  return <Unseen none={narrowed ? 'Nothing is like that.' : none} hooks={hooks} />
}

/** What it means that nothing is there, by how the job was watched. */
export function Unseen({ none, hooks }: { none: string; hooks?: RegExp | undefined }) {
  const { facts } = useJob()
  if (facts.protection === 'not-run') return <Nothing>The command was not run.</Nothing>
  const { state } = jobReliance(facts)
  if (state === 'bare') return <Nothing>Not known: {whyBare(facts)}.</Nothing>
  const sentence = none.replace(/\.$/, '') + (facts.state === 'running' ? ' so far' : '')
  if (state === 'gaps')
    return (
      <Nothing>
        {sentence}, as far as is known: {gapsOf(facts)}.{' '}
        <AddressLink set={{ ...unnarrowed, tab: 'health' }}>Data quality</AddressLink>
      </Nothing>
    )
  if (facts.state === 'running') return <Nothing>{sentence}.</Nothing>
  return hooks === undefined ? <Nothing>{none}</Nothing> : <Seen none={none} hooks={hooks} />
}

/** Why nothing can be said of a job. */
function whyBare({ state, tampered }: JobFacts): string {
  if (state === 'silent' || state === 'lost')
    return 'the agent is not heard any more, and told nothing of it before'
  return tampered ? 'somebody laid hands on what watches the job' : 'nothing watched the job'
}

/** What is missing of a job's record. */
function gapsOf({ eventsLost, interrupted }: JobFacts): string {
  const lost = Object.values(eventsLost).reduce((sum, count) => sum + count, 0)
  return [
    ...(lost > 0 ? [counted(lost, 'event was lost', 'events were lost')] : []),
    ...(interrupted ? ['an agent of the job was killed'] : []),
  ].join(', and ')
}

/** That there was nothing is said only where the kernel's hooks that would have told of it were active. */
function Seen({ none, hooks }: { none: string; hooks: RegExp }) {
  const { data } = useHealth()
  const refused = (data?.hooks ?? []).filter(
    ({ name, state, tier }) => state === 'refused' && tier === 'T0' && hooks.test(name),
  )
  if (refused.length === 0) return <Nothing>{none}</Nothing>
  return (
    <Nothing>
      Not known: hooks that would have told of it were not available.{' '}
      {refused.slice(0, 3).map(({ name, reason }) => (
        <span key={name}>
          <Code value={name} limit={80} />: <Text value={reason} limit={200} />.{' '}
        </span>
      ))}
      <AddressLink set={{ ...unnarrowed, tab: 'health' }}>Data quality</AddressLink>
    </Nothing>
  )
}
