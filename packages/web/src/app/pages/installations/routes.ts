import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'installations',
    title: 'Installations',
    load: () => import('./Installations.tsx'),
    navigation: { label: 'Installations', order: 80, key: 'i', to: paths.installations },
  },
]
