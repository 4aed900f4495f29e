import type { ReactNode } from 'react'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { useMay } from '../../session/session.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOwner } from '../../owner.ts'
import { useTitle } from '../../shell/title.ts'

const parts = [
  ['API keys', paths.keys, 'admin'],
  ['Members', paths.members, 'viewer'],
  ['Retention', paths.retention, 'viewer'],
  ['Sessions', paths.sessions, 'viewer'],
  ['Audit log', paths.audit, 'admin'],
] as const

/** What the pages of settings have around them; the server's own page has only its title. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  const owner = useOwner()
  const isAdmin = useMay(owner, 'admin')
  useTitle(title)
  useBreadcrumb([
    ...(owner === null ? [] : [{ label: 'Settings', to: paths.settings(owner) }]),
    { label: title },
  ])
  return (
    <>
      <h1>{title}</h1>
      {owner !== null && (
        <nav aria-label="Settings" className="tabs">
          <ul>
            {parts
              .filter(([, , role]) => role === 'viewer' || isAdmin)
              .map(([label, to]) => (
                <li key={label}>
                  <Link to={to(owner)} aria-current={label === title ? 'page' : undefined}>
                    {label}
                  </Link>
                </li>
              ))}
          </ul>
        </nav>
      )}
      {children}
    </>
  )
}
