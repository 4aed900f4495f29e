import { Severity } from '@runwarden/events'
import { z } from 'zod'

/** How many of each severity there are; those that are not suppressed. */
export const Severities = z.partialRecord(Severity, z.int())
export type Severities = z.infer<typeof Severities>
z.globalRegistry.add(Severities, { id: 'SeverityCounts' })

/** In SQL, of a row of `detections`, d: it is not expected, by the policy or by a suppression of the inbox. */
export const isExpected = `(d.suppressed IS NOT NULL OR EXISTS (SELECT 1 FROM server.inbox i WHERE i.detection_id = d.id AND i.state = 'suppressed'))`

/** In SQL, the order of rows of `detections`: the gravest first, behind all others those that the policy says are expected. */
export const detectionOrder = `suppressed IS NOT NULL, CASE severity ${Severity.options
  .map((severity, weight) => `WHEN '${severity}' THEN ${-weight}`)
  .join(' ')} END, id`
