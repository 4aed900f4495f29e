import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'search',
    title: 'Search',
    load: () => import('./Search.tsx'),
    navigation: { label: 'Search', order: 50, key: 'f', to: paths.search },
  },
]
