import type { Register } from '../context.ts'
import { register as agent } from './agent.ts'
import { register as agents } from './agents.ts'
import { register as appliedPolicy } from './applied-policy.ts'
import { register as audit } from './audit.ts'
import { register as baselines } from './baselines.ts'
import { register as blocklist } from './blocklist.ts'
import { register as blocklistFeeds } from './blocklist-feeds.ts'
import { register as comparison } from './comparison.ts'
import { register as destinations } from './destinations.ts'
import { register as detections } from './detections.ts'
import { register as health } from './health.ts'
import { register as jobHealth } from './job-health.ts'
import { register as jobPolicies } from './job-policies.ts'
import { register as jobRecommendation } from './job-recommendation.ts'
import { register as jobViews } from './job-views.ts'
import { register as jobs } from './jobs.ts'
import { register as keys } from './keys.ts'
import { register as live } from './live.ts'
import { register as members } from './members.ts'
import { register as organisations } from './organisations.ts'
import { register as overview } from './overview.ts'
import { register as policies } from './policies.ts'
import { register as policyAttachments } from './policy-attachments.ts'
import { register as processTree } from './process-tree.ts'
import { register as repositories } from './repositories.ts'
import { register as runs } from './runs.ts'
import { register as search } from './search.ts'
import { register as settings } from './settings.ts'
import { register as signIn } from './sign-in.ts'
import { register as stream } from './stream.ts'

/** Every resource of the API. */
export const registers: readonly Register[] = [
  health,
  signIn,
  organisations,
  members,
  keys,
  audit,
  policies,
  policyAttachments,
  blocklist,
  blocklistFeeds,
  detections,
  baselines,
  agent,
  jobPolicies,
  jobRecommendation,
  stream,
  live,
  appliedPolicy,
  jobHealth,
  processTree,
  agents,
  settings,
  overview,
  destinations,
  comparison,
  repositories,
  runs,
  jobs,
  jobViews,
  search,
]
