import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'blockList',
    title: 'Block list',
    load: () => import('./BlockList.tsx'),
    navigation: { label: 'Block list', order: 70, key: 'b', to: paths.blockList },
  },
  {
    at: 'serverBlockList',
    title: 'Block list of the server',
    load: () => import('./BlockList.tsx'),
    serverNavigation: { label: 'Block list', order: 20, to: paths.serverBlockList },
  },
]
