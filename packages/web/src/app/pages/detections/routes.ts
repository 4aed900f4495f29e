import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'detections',
    title: 'Detections',
    load: () => import('./Inbox.tsx'),
    navigation: { label: 'Detections', order: 40, key: 'd', to: paths.detections },
  },
  { at: 'detection', title: 'Detection', load: () => import('./DetectionPage.tsx') },
  { at: 'suppressions', title: 'Suppressions', load: () => import('./Suppressions.tsx') },
]
