import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'destinations',
    title: 'Destinations',
    load: () => import('./Destinations.tsx'),
    navigation: { label: 'Destinations', order: 45, key: 'n', to: paths.destinations },
  },
]
