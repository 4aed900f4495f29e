/**
 * Domains under which registries and hosters give each customer a name of its own. A short list of large
 * ones: under one that is missing all customers count as one zone, which the thresholds bear.
 */
const SHARED: ReadonlySet<string> = new Set([
  ...['ac', 'co', 'gov', 'ltd', 'me', 'net', 'org', 'plc', 'sch'].map((label) => `${label}.uk`),
  ...['asn', 'com', 'edu', 'gov', 'id', 'net', 'org'].map((label) => `${label}.au`),
  ...['ac', 'ad', 'co', 'ed', 'go', 'gr', 'lg', 'ne', 'or'].map((label) => `${label}.jp`),
  ...['ac', 'com', 'edu', 'gov', 'net', 'org'].map((label) => `${label}.cn`),
  ...['com', 'edu', 'gov', 'net', 'org'].flatMap((label) =>
    ['ar', 'br', 'hk', 'mx', 'my', 'pl', 'sg', 'tr', 'tw', 'ua'].map((land) => `${label}.${land}`),
  ),
  ...['ac', 'co', 'gov', 'net', 'org'].flatMap((label) =>
    ['id', 'il', 'in', 'kr', 'nz', 'th', 'za'].map((land) => `${label}.${land}`),
  ),
  'amazonaws.com',
  's3.amazonaws.com',
  'azureedge.net',
  'azurewebsites.net',
  'blob.core.windows.net',
  'cloudfront.net',
  'eu.org',
  'fly.dev',
  'github.io',
  'gitlab.io',
  'herokuapp.com',
  'netlify.app',
  'onrender.com',
  'pages.dev',
  'r2.cloudflarestorage.com',
  'r2.dev',
  'run.app',
  'storage.googleapis.com',
  'vercel.app',
  'web.app',
  'workers.dev',
])

/** Labels of the longest entry above. */
const SHARED_LABELS = 4

/**
 * The part of a name that somebody has of its own: its last two labels, or one more than those of a shared
 * domain. Whoever runs this zone's servers is told every name below that is asked. Names of one label are the
 * root's (empty).
 */
export function zoneOf(name: string): string {
  const labels = name.split('.')
  if (labels.length === 1) return ''
  for (let count = Math.min(SHARED_LABELS, labels.length - 1); count >= 2; count--) {
    if (SHARED.has(labels.slice(-count).join('.'))) return labels.slice(-count - 1).join('.')
  }
  return labels.slice(-2).join('.')
}
