import { z } from 'zod'
import { base } from './base.ts'
import { Severity, Truth } from './words.ts'

/** Something that looks like a secret, or was named as one, where others can read it. The secret itself is nowhere kept. */
export const SecretFound = z.object({
  ...base,
  kind: z.literal('secret.found'),
  /**
   * `log`: the build log, as far as it was written to where it leaves the job, masked. `artifact`, `cache`: a file that
   * the program of an action opened while it uploaded an artifact, or saved a cache.
   */
  place: z.enum(['log', 'artifact', 'cache']),
  /**
   * The file, as the kernel names it: in the uploader's own file system; of an archive with the file in it, behind ` › `.
   * Empty: of a log.
   */
  path: z.string(),
  /** Line in that log or file, from 1; of what is packed, in what it unpacks to. */
  position: z.int(),
  /** E.g. `github-token`, `private-key`; `known-secret NAME`: a value that was named as a secret. */
  secret: z.string(),
  /** How it was written: `plain`, `reversed`, `base64 of base64`, `zstd of tar`; outermost first. */
  form: z.string(),
  /** Its checksum or structure says that it is one, or it was named as one. */
  proven: z.boolean(),
  /** HMAC-SHA-256 of the secret, 32 hexadecimal digits, with a key of this run that nobody keeps: equal for equal secrets. */
  hash: z.string(),
  truth: Truth,
})

export const Detection = z.object({
  ...base,
  kind: z.literal('detection'),
  /** Stable id, e.g. `domain-blocked`. */
  id: z.string(),
  severity: Severity,
  title: z.string(),
  /** What happened and what to do, for a person. */
  text: z.string(),
  /** `seq` of the events behind it. */
  evidence: z.array(z.int()),
  /** The rule behind it, where it was one. */
  rule: z.string().optional(),
  /** The suppression that says that it is expected, with its place; without it, it counts. */
  suppressed: z.string().optional(),
})
