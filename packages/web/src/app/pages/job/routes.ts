import type { PageRoute } from '../../registry.ts'

const load = () => import('./JobPage.tsx')

export const routes: readonly PageRoute[] = [
  { at: 'job', title: 'Job', load },
  { at: 'looseJob', title: 'Job', load },
]
