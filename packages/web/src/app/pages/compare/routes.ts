import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = [
  { at: 'compare', title: 'Compare', load: () => import('./Compare.tsx') },
]
