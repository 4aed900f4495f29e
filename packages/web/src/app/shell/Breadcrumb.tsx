import { Text } from '../../ui/Text.tsx'
import { Link } from '../Link.tsx'
import type { Owner } from '../owner.ts'
import { paths } from '../paths.ts'
import type { Crumb } from './breadcrumb.ts'

/** @param owner whose pages these are */
export function Breadcrumb({ owner, crumbs }: { owner: Owner; crumbs: readonly Crumb[] }) {
  return (
    <nav aria-label="Where this page is" className="crumbs">
      <ol>
        <li>
          <Link to={owner === null ? paths.server() : paths.overview(owner)}>
            <Text value={owner ?? 'Server'} />
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
