import { matchPath, useLocation } from 'react-router'
import { Link } from '../Link.tsx'
import { pages } from '../pages/index.ts'
import { patterns } from '../paths.ts'

const entries = pages
  .flatMap(({ navigation, at }) => (navigation === undefined ? [] : [{ ...navigation, at }]))
  .toSorted((a, b) => a.order - b.order)

/** The places of an organisation. */
export function Navigation({ org }: { org: string }) {
  const { pathname } = useLocation()
  return (
    <nav id="navigation" aria-label="Main" className="side">
      <ul>
        {entries.map(({ at, label, to }) => {
          const here = matchPath({ path: patterns[at], end: at === 'overview' }, pathname) !== null
          return (
            <li key={at}>
              <Link to={to(org)} aria-current={here ? 'page' : undefined}>
                {label}
              </Link>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}
