import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'policies',
    title: 'Policies',
    load: () => import('./Policies.tsx'),
    navigation: { label: 'Policies', order: 50, key: 'p', to: paths.policies },
  },
  { at: 'newPolicy', title: 'New policy', load: () => import('./NewPolicy.tsx') },
  { at: 'policy', title: 'Policy', load: () => import('./Policy.tsx') },
  {
    at: 'serverPolicies',
    title: 'Policies of the server',
    load: () => import('./Policies.tsx'),
    serverNavigation: { label: 'Policies', order: 30, to: paths.serverPolicies },
  },
  {
    at: 'serverNewPolicy',
    title: 'New policy of the server',
    load: () => import('./NewPolicy.tsx'),
  },
  { at: 'serverPolicy', title: 'Policy of the server', load: () => import('./Policy.tsx') },
]
