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
]
