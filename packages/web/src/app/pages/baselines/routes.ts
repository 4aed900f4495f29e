import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'baselines',
    title: 'Baselines',
    load: () => import('./Baselines.tsx'),
    navigation: { label: 'Baselines', order: 65, key: 'e', to: paths.baselines },
  },
]
