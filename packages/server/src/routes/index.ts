import type { Register } from '../context.ts'
import { register as audit } from './audit.ts'
import { register as blocklist } from './blocklist.ts'
import { register as blocklistFeeds } from './blocklist-feeds.ts'
import { register as health } from './health.ts'
import { register as keys } from './keys.ts'
import { register as members } from './members.ts'
import { register as organisations } from './organisations.ts'
import { register as policies } from './policies.ts'
import { register as policyAttachments } from './policy-attachments.ts'
import { register as signIn } from './sign-in.ts'

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
]
