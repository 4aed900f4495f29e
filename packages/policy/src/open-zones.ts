/**
 * Zones in which anyone can get a name, patterns among them. A wildcard over one of them lets a job send what it has to
 * a stranger's account.
 */
export const openZones: readonly string[] = [
  'amazonaws.com',
  'azureedge.net',
  'azurewebsites.net',
  'blob.core.windows.net',
  'cloudapp.azure.com',
  'cloudfront.net',
  'core.windows.net',
  'github.io',
  'gitlab.io',
  'herokuapp.com',
  'netlify.app',
  'ngrok.io',
  'pages.dev',
  'r2.dev',
  'run.app',
  's3.amazonaws.com',
  's3.*.amazonaws.com',
  'storage.googleapis.com',
  'vercel.app',
  'web.app',
  'workers.dev',
]
