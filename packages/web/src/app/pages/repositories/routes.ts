import type { PageRoute } from '../../registry.ts'

export const routes: readonly PageRoute[] = []
