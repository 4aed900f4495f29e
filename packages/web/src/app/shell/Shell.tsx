import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { Outlet, useLocation, useParams } from 'react-router'
import { Mark } from '../../ui/Mark.tsx'
import { Link } from '../Link.tsx'
import { GoTo } from '../palette/GoTo.tsx'
import { isOfServer, paths } from '../paths.ts'
import { SessionEnded } from '../session/Ended.tsx'
import { CrumbsContext, type Crumb } from './breadcrumb.ts'
import { Breadcrumb } from './Breadcrumb.tsx'
import { Navigation } from './Navigation.tsx'
import { OrganisationSwitch } from './OrganisationSwitch.tsx'
import { Person } from './Person.tsx'
import { Shortcuts } from './Shortcuts.tsx'
import { AnnounceContext } from './title.ts'

/** What is around every page: where one is, where one can go, and who one is. */
export function Shell() {
  const { org } = useParams()
  const { pathname } = useLocation()
  /** Whose pages these are; undefined: of nobody. */
  const owner = isOfServer(pathname) ? null : org
  const [crumbs, setCrumbs] = useState<readonly Crumb[]>([])
  const [said, setSaid] = useState('')
  const [open, setOpen] = useState(false)
  const main = useRef<HTMLElement>(null)
  const before = useRef(pathname)
  const announce = useCallback((text: string) => setSaid(text), [])

  // Another page: the keyboard begins at its top, as it does where the browser loads one.
  useEffect(() => {
    if (before.current === pathname) return
    before.current = pathname
    setOpen(false)
    main.current?.focus({ preventScroll: true })
    window.scrollTo({ top: 0, behavior: 'instant' })
  }, [pathname])

  const setters = useMemo(() => ({ announce, setCrumbs }), [announce])
  return (
    <AnnounceContext value={setters.announce}>
      <CrumbsContext value={setters.setCrumbs}>
        <a className="skip" href="#content">
          Skip to the page
        </a>
        <div className="app" data-open={open || undefined}>
          <header className="bar">
            {owner !== undefined && (
              <button
                type="button"
                className="menu"
                aria-expanded={open}
                aria-controls="navigation"
                onClick={() => setOpen(!open)}
              >
                <span className="unseen">Navigation</span>
                <span aria-hidden="true">≡</span>
              </button>
            )}
            <Link className="brand" to={paths.home()}>
              <Mark /> <b className="brand-name">Runwarden</b>
            </Link>
            <OrganisationSwitch />
            <GoTo />
            <Person />
          </header>
          {owner !== undefined && <Navigation owner={owner} />}
          <main id="content" tabIndex={-1} ref={main}>
            <SessionEnded />
            {owner !== undefined && <Breadcrumb owner={owner} crumbs={crumbs} />}
            <Outlet />
          </main>
        </div>
        <Shortcuts />
        <div className="unseen" id="announced" aria-live="polite">
          {said}
        </div>
      </CrumbsContext>
    </AnnounceContext>
  )
}
