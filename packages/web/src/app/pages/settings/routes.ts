import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'settings',
    title: 'Settings',
    load: () => import('./Settings.tsx'),
    navigation: { label: 'Settings', order: 90, key: 's', to: paths.settings },
  },
  { at: 'keys', title: 'API keys', load: () => import('./Keys.tsx') },
  { at: 'members', title: 'Members', load: () => import('./Members.tsx') },
  { at: 'retention', title: 'Retention', load: () => import('./Retention.tsx') },
  { at: 'sessions', title: 'Sessions', load: () => import('./Sessions.tsx') },
  { at: 'audit', title: 'Audit log', load: () => import('./Audit.tsx') },
  {
    at: 'serverAudit',
    title: 'Audit log of the server',
    load: () => import('./Audit.tsx'),
    serverNavigation: { label: 'Audit log', order: 90, to: paths.serverAudit },
  },
]
