import type { WhyDestination } from '@runwarden/api'
import { plain } from '@runwarden/events/plain'
import { counted } from '@runwarden/report/view'
import { VerdictChip } from '../../ui/Chip.tsx'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { Failure } from '../../ui/Failure.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { AddressLink } from '../AddressLink.tsx'
import { useControlPlane, useKnown } from '../control-plane.ts'
import { unnarrowed } from '../narrowing.ts'
import { SourceLink } from '../policy/SourceLink.tsx'
import { useRows } from '../source.ts'
import { Allow } from './Allow.tsx'
import { allowLines, type Group } from './group.ts'

/** Why a destination was let through or not, how its address was learnt, and what can be done. */
export function Why({ group, isNew }: { group: Group; isNew: boolean }) {
  const plane = useControlPlane()
  const { key, host, addresses, port, protocol, place } = group
  const name = host ?? addresses[0] ?? ''
  const asked = protocol === 'tcp' || protocol === 'udp' ? { host: name, port, protocol } : null
  const why = useKnown(
    ['why', key],
    (one) => one.why(asked ?? { host: name, port, protocol: 'tcp' }),
    { wanted: asked !== null && name !== '' && name.length <= 200 },
  )
  const lines = allowLines(group)
  const listed = group.rows.some(({ verdict }) => verdict === 'attack-blocked')
  return (
    <section className="why" aria-label={`Why ${plain(place, 80)}`}>
      <dl>
        <div>
          <dt>Decided</dt>
          <dd>
            <ul className="plain">
              {group.rows.map(({ n, verdict, reason, rule, count }) => (
                <li key={n}>
                  <VerdictChip verdict={verdict} /> <Text value={reason} limit={400} />{' '}
                  <span className="aside">
                    {counted(
                      count,
                      group.onlyAsked ? 'query' : 'attempt',
                      group.onlyAsked ? 'queries' : 'attempts',
                    )}
                    {rule === null && verdict !== 'allowed' && ' · no line of the policy allows it'}
                  </span>
                  <SourceLink
                    source={
                      why.data?.recorded.find((one) => one.rule === rule && one.verdict === verdict)
                        ?.source ?? null
                    }
                  />
                </li>
              ))}
            </ul>
          </dd>
        </div>
        {isNew && (
          <div>
            <dt>New</dt>
            <dd>None of the job’s earlier runs that the server knows had it.</dd>
          </div>
        )}
        <div>
          <dt>Learnt from</dt>
          <dd>
            <Learnt group={group} />
          </dd>
        </div>
        {why.error !== null && (
          <div>
            <dt>Policies</dt>
            <dd>
              <Failure error={why.error} onRetry={() => void why.refetch()} />
            </dd>
          </div>
        )}
        {why.data?.explained && <Explained explained={why.data.explained} />}
        <div>
          <dt>Allow this</dt>
          <dd>
            {lines.map((line) => (
              <Allow key={line} line={line} place={place} />
            ))}
            {lines.length > 0 && group.onlyAsked && (
              <div className="aside">Nothing connected: port 443 is a guess.</div>
            )}
            {lines.length === 0 && (
              <span className="aside">
                {listed
                  ? 'It is on the block list: no policy can allow it.'
                  : group.local
                    ? 'It is this machine itself, which needs no line.'
                    : group.verdicts.every((verdict) => verdict === 'allowed')
                      ? 'It was allowed.'
                      : 'No line of a policy can name it.'}
              </span>
            )}
          </dd>
        </div>
        <div>
          <dt>See</dt>
          <dd className="inline">
            <CopyButton text={host ?? name} label={host === null ? 'Copy address' : 'Copy host'} />
            {addresses.length > 0 && host !== null && (
              <CopyButton text={addresses.join('\n')} label="Copy addresses" />
            )}
            {host !== null && (
              <>
                <AddressLink set={{ tab: 'https', ...unnarrowed, search: host.slice(0, 200) }}>
                  Its requests
                </AddressLink>
                <AddressLink set={{ tab: 'dns', ...unnarrowed, search: host.slice(0, 200) }}>
                  Its DNS queries
                </AddressLink>
              </>
            )}
            {plane !== null && name !== '' && (
              <plane.Link to={plane.paths.contacted(name)}>Other jobs that contacted it</plane.Link>
            )}
          </dd>
        </div>
      </dl>
    </section>
  )
}

function Learnt({ group: { host, addresses } }: { group: Group }) {
  if (host !== null) return <Answers host={host} />
  return (
    <span className="aside">
      {addresses.length === 0
        ? 'It has no address: a socket of another kind.'
        : 'No name led to this address: the program used the address itself.'}
    </span>
  )
}

/** The DNS answers of the job that led to it. */
function Answers({ host }: { host: string }) {
  const queries = useRows('dns', { search: host.slice(0, 200) })
  const answers = queries.rows.filter(
    ({ name, addresses: answered }) =>
      name.toLowerCase() === host.toLowerCase() && answered.length > 0,
  )
  if (queries.waiting) return <span className="aside">looking…</span>
  if (answers.length === 0)
    return (
      <span className="aside">
        No DNS answer of this job led to it: what was asked got no address, or its name was told by
        the connection itself.
      </span>
    )
  return (
    <ul className="plain">
      {answers.map(({ n, type, server, addresses: answered }) => (
        <li key={n}>
          <Text value={type} limit={20} /> of <Code value={host} limit={120} /> from{' '}
          <Code value={server} limit={60} />: <Text value={answered.join(', ')} limit={300} />
        </li>
      ))}
    </ul>
  )
}

/** What the store's policies say of it, and the lines that nearly do. */
function Explained({ explained }: { explained: NonNullable<WhyDestination['explained']> }) {
  const { verdict, reason, source, near, notes } = explained
  return (
    <div>
      <dt>By the store’s policies</dt>
      <dd>
        <VerdictChip verdict={verdict} /> <Text value={reason} limit={400} />{' '}
        <SourceLink source={source} />
        {near.length + notes.length > 0 && (
          <ul className="plain">
            {near.map(({ where, text, why }) => (
              <li key={`${where} ${text}`} className="aside">
                <Text value={where} limit={120} /> <Code value={text} limit={200} />:{' '}
                <Text value={why} limit={300} />
              </li>
            ))}
            {notes.map((note) => (
              <li key={note} className="aside">
                <Text value={note} limit={400} />
              </li>
            ))}
          </ul>
        )}
      </dd>
    </div>
  )
}
