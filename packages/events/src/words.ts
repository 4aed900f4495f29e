import { z } from 'zod'

/** What was decided about one network act. These four words, nowhere others. */
export const Verdict = z.enum(['allowed', 'blocked', 'would-block', 'attack-blocked'])
export type Verdict = z.infer<typeof Verdict>
z.globalRegistry.add(Verdict, { id: 'Verdict' })

/** Transport or network protocol of a network act. */
export const Protocol = z.enum([
  'tcp',
  'udp',
  'icmp',
  'icmp6',
  'sctp',
  'dccp',
  'udplite',
  'raw',
  'other',
])
export type Protocol = z.infer<typeof Protocol>
z.globalRegistry.add(Protocol, { id: 'Protocol' })

/** Who says so: the kernel's own object, or memory that the process could change meanwhile. */
export const Truth = z.enum(['kernel', 'user'])
export type Truth = z.infer<typeof Truth>

export const Severity = z.enum(['info', 'low', 'medium', 'high', 'critical'])
export type Severity = z.infer<typeof Severity>
z.globalRegistry.add(Severity, { id: 'Severity' })
