import type { PolicyVersion } from '@runwarden/api'
import { usePages } from '../../../ui/pages.ts'
import { Section } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { Link } from '../../Link.tsx'
import type { Owner } from '../../owner.ts'
import { Paged } from '../../states/Paged.tsx'
import { versionsOf } from './asked.ts'
import { DiffView } from './DiffView.tsx'
import { exportUrl } from './export-url.ts'
import { policyAt } from './places.ts'

/** Each version of a policy with what it changed, the newest first. */
export function History({ owner, policy }: { owner: Owner; policy: string }) {
  const versions = usePages(['policy-versions', owner, policy], (below: number | undefined) =>
    versionsOf(owner, policy, below),
  )
  return (
    <Section
      id="history"
      title="History"
      about="A version is never changed: each save is another one."
    >
      <Paged pages={versions} label="The history is loading">
        <ol className="plain versions">
          {versions.rows.map((one) => (
            <Version key={one.version} owner={owner} policy={policy} version={one} />
          ))}
        </ol>
        {versions.more !== null && (
          <button type="button" onClick={versions.more} disabled={versions.moreComes}>
            Older versions
          </button>
        )}
      </Paged>
    </Section>
  )
}

interface Props {
  owner: Owner
  policy: string
  version: PolicyVersion
}

function Version({
  owner,
  policy,
  version: { version, author, reason, origin, createdAt, diff },
}: Props) {
  return (
    <li className="card">
      <h3>
        Version {version}{' '}
        <span className="by">
          <Time at={createdAt} /> by <Text value={author} />
        </span>
      </h3>
      <p>
        <Text value={reason} />
      </p>
      {origin !== null && (
        <p className="by">
          Made from <Text value={origin} />
        </p>
      )}
      <DiffView diff={diff} label={`What version ${version} changed`} />
      <p className="actions">
        <Link to={policyAt(owner, policy, { version })}>Open version {version} in the editor</Link>
        <a href={exportUrl(owner, policy, version)} download>
          Export version {version}
        </a>
      </p>
    </li>
  )
}
