import type { PageRoute } from '../registry.ts'
import { routes as baselines } from './baselines/routes.ts'
import { routes as blocklist } from './blocklist/routes.ts'
import { routes as compare } from './compare/routes.ts'
import { routes as destinations } from './destinations/routes.ts'
import { routes as detections } from './detections/routes.ts'
import { routes as installations } from './installations/routes.ts'
import { routes as job } from './job/routes.ts'
import { routes as overview } from './overview/routes.ts'
import { routes as policies } from './policies/routes.ts'
import { routes as repositories } from './repositories/routes.ts'
import { routes as runs } from './runs/routes.ts'
import { routes as search } from './search/routes.ts'
import { routes as server } from './server/routes.ts'
import { routes as settings } from './settings/routes.ts'

/** Every page of the app. An area's pages are added in the area's own list. */
export const pages: readonly PageRoute[] = [
  ...overview,
  ...runs,
  ...repositories,
  ...job,
  ...compare,
  ...detections,
  ...destinations,
  ...search,
  ...policies,
  ...baselines,
  ...blocklist,
  ...installations,
  ...settings,
  ...server,
]
