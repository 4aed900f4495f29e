import { matchPath, useLocation } from 'react-router'
import { Link } from '../Link.tsx'
import type { Owner } from '../owner.ts'
import { pages } from '../pages/index.ts'
import { patterns } from '../paths.ts'

const ofOrganisation = pages
  .flatMap(({ navigation, at }) => (navigation === undefined ? [] : [{ ...navigation, at }]))
  .toSorted((a, b) => a.order - b.order)

const ofServer = pages
  .flatMap(({ serverNavigation: place, at }) => (place === undefined ? [] : [{ ...place, at }]))
  .toSorted((a, b) => a.order - b.order)

/** The places of an organisation, or of the server itself. */
export function Navigation({ owner }: { owner: Owner }) {
  const { pathname } = useLocation()
  const places =
    owner === null
      ? ofServer.map(({ at, label, to }) => ({ at, label, to: to() }))
      : ofOrganisation.map(({ at, label, to }) => ({ at, label, to: to(owner) }))
  return (
    <nav id="navigation" aria-label="Main" className="side">
      <ul>
        {places.map(({ at, label, to }) => {
          const isRoot = at === 'overview' || at === 'server'
          const here = matchPath({ path: patterns[at], end: isRoot }, pathname) !== null
          return (
            <li key={at}>
              <Link to={to} aria-current={here ? 'page' : undefined}>
                {label}
              </Link>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}
