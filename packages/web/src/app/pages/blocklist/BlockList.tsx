import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Entries } from './Entries.tsx'
import { Feeds } from './Feeds.tsx'
import { Hits } from './Hits.tsx'
import { HowToUse } from './HowToUse.tsx'

/** What is blocked whatever policies say. */
export default function BlockList() {
  const org = useOrganisation()
  useTitle('Block list')
  useBreadcrumb([{ label: 'Block list' }])
  return (
    <>
      <h1>Block list</h1>
      <p className="about">
        Known-bad names and addresses. They are blocked in every job of {org}, in audit mode too,
        and over every line that allows them. A change reaches running jobs within seconds.
      </p>
      <Entries org={org} />
      <Hits org={org} />
      <Feeds org={org} />
      <HowToUse org={org} />
    </>
  )
}
