import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'overview',
    title: 'Overview',
    load: () => import('./OverviewPage.tsx'),
    navigation: { label: 'Overview', order: 10, key: 'o', to: paths.overview },
  },
]
