import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'server',
    title: 'Organisations of the server',
    load: () => import('./Organisations.tsx'),
    serverNavigation: { label: 'Organisations', order: 10, to: paths.server },
  },
]
