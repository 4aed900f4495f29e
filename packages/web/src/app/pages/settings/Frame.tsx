import type { ReactNode } from 'react'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { useMay } from '../../session/session.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'

const parts = [
  ['API keys', paths.keys, 'admin'],
  ['Members', paths.members, 'viewer'],
  ['Retention', paths.retention, 'viewer'],
  ['Sessions', paths.sessions, 'viewer'],
  ['Audit log', paths.audit, 'admin'],
] as const

/** What the pages of settings have around them. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  const org = useOrganisation()
  const isAdmin = useMay(org, 'admin')
  useTitle(title)
  useBreadcrumb([{ label: 'Settings', to: paths.settings(org) }, { label: title }])
  return (
    <>
      <h1>{title}</h1>
      <nav aria-label="Settings" className="tabs">
        <ul>
          {parts
            .filter(([, , role]) => role === 'viewer' || isAdmin)
            .map(([label, to]) => (
              <li key={label}>
                <Link to={to(org)} aria-current={label === title ? 'page' : undefined}>
                  {label}
                </Link>
              </li>
            ))}
        </ul>
      </nav>
      {children}
    </>
  )
}
