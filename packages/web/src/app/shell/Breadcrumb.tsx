import { Text } from '../../ui/Text.tsx'
import { Link } from '../Link.tsx'
import { paths } from '../paths.ts'
import type { Crumb } from './breadcrumb.ts'

export function Breadcrumb({ org, crumbs }: { org: string; crumbs: readonly Crumb[] }) {
  return (
    <nav aria-label="Where this page is" className="crumbs">
      <ol>
        <li>
          <Link to={paths.overview(org)}>
            <Text value={org} />
          </Link>
        </li>
        {crumbs.map(({ label, to }) => (
          <li key={`${label} ${to}`}>
            {to === undefined ? (
              <span aria-current="page">
                <Text value={label} limit={120} />
              </span>
            ) : (
              <Link to={to}>
                <Text value={label} limit={120} />
              </Link>
            )}
          </li>
        ))}
      </ol>
    </nav>
  )
}
