import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { useOwner } from '../../owner.ts'
import { useMe } from '../../session/session.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useTitle } from '../../shell/title.ts'
import { Entries } from './Entries.tsx'
import { Feeds } from './Feeds.tsx'
import { Hits } from './Hits.tsx'
import { HowToUse } from './HowToUse.tsx'

/** What is blocked whatever policies say: in an organisation, or everywhere. */
export default function BlockList() {
  const owner = useOwner()
  const { operator } = useMe()
  useTitle('Block list')
  useBreadcrumb([{ label: 'Block list' }])
  return (
    <>
      <h1>Block list</h1>
      <p className="about">
        Known-bad names and addresses. They are blocked in every job of{' '}
        {owner ?? 'every organisation'}, in audit mode too, and over every line that allows them. A
        change reaches running jobs within seconds.{' '}
        {owner !== null && operator && (
          <Link to={paths.serverBlockList()}>What is blocked in all organisations</Link>
        )}
      </p>
      <Entries owner={owner} />
      {owner !== null && <Hits org={owner} />}
      <Feeds owner={owner} />
      <HowToUse owner={owner} />
    </>
  )
}
