import { paths } from '../../paths.ts'
import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  {
    at: 'repositories',
    title: 'Repositories',
    load: () => import('./Repositories.tsx'),
    navigation: { label: 'Repositories', order: 30, key: 'c', to: paths.repositories },
  },
  { at: 'repository', title: 'Repository', load: () => import('./RepositoryPage.tsx') },
]
