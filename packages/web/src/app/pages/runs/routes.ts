import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'runs',
    title: 'Runs',
    load: () => import('./Runs.tsx'),
    navigation: { label: 'Runs', order: 20, key: 'r', to: paths.runs },
  },
  { at: 'run', title: 'Run', load: () => import('./RunPage.tsx') },
]
