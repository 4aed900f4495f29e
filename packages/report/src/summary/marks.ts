/** What stands before a verdict, seen before it is read. */
export const verdictMarks = {
  'attack-blocked': '⛔',
  blocked: '⛔',
  'would-block': '⚠️',
  allowed: '✅',
} as const
