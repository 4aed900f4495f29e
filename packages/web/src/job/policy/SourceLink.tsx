import type { AppliedPolicyLine } from '@runwarden/api'
import { Text } from '../../ui/Text.tsx'
import { useControlPlane } from '../control-plane.ts'

type Source = NonNullable<AppliedPolicyLine['source']>

/** Of whom a policy of the store is. */
export const levels: Readonly<Record<Source['level'], string>> = {
  job: 'the job’s own policy',
  workflow: 'the workflow’s policy',
  repository: 'the repository’s policy',
  organisation: 'the organisation’s policy',
  cluster: 'the server’s policy',
}

/** The policy of the store that a line comes from; nothing where that is not known. */
export function SourceLink({ source }: { source: Source | null }) {
  const plane = useControlPlane()
  if (plane === null || source === null) return null
  const { level, name, version, line } = source
  return (
    <span className="aside">
      {' '}
      of {levels[level]}{' '}
      <plane.Link to={plane.paths.policy(name, version)}>
        <Text value={name} limit={80} />
      </plane.Link>{' '}
      version {version}, {line === null ? 'by a preset' : `line ${line}`}
    </span>
  )
}
