/** A named group of endpoints that a platform or service needs. */
export interface Preset {
  readonly name: string
  /** What it is for, one sentence. */
  readonly purpose: string
  readonly endpoints: readonly { readonly endpoint: string; readonly why: string }[]
}

/**
 * The presets that `presets:` can name. Exact hosts and single ports wherever the platform has
 * them; a wildcard only under a zone in which nobody but the platform can register names.
 */
export const presets: readonly Preset[] = [
  {
    name: 'github-actions',
    purpose:
      'What a GitHub Actions runner itself needs: job, logs, checkout, action downloads, OIDC.',
    endpoints: [
      { endpoint: 'github.com', why: 'git over HTTPS' },
      { endpoint: 'api.github.com', why: 'REST and GraphQL API' },
      { endpoint: 'codeload.github.com', why: 'archives of actions and repositories' },
      {
        endpoint: '*.actions.githubusercontent.com',
        why: 'Actions services: job messages, OIDC tokens, results, caches; GitHub names them by region',
      },
      { endpoint: 'objects.githubusercontent.com', why: 'files behind GitHub links' },
      { endpoint: 'release-assets.githubusercontent.com', why: 'files of releases' },
      { endpoint: 'raw.githubusercontent.com', why: 'manifests that set-up actions read' },
    ],
  },
  {
    name: 'github-lfs',
    purpose: 'Git LFS objects of GitHub repositories.',
    endpoints: [{ endpoint: 'github-cloud.githubusercontent.com', why: 'LFS objects' }],
  },
  {
    name: 'github-ssh',
    purpose: 'git over SSH to GitHub.',
    endpoints: [
      { endpoint: 'github.com:22', why: 'git over SSH' },
      { endpoint: 'ssh.github.com', why: 'git over SSH on port 443' },
    ],
  },
  {
    name: 'aws-metadata',
    purpose:
      'Instance metadata of AWS EC2. It hands out credentials of the machine: allow it only where the job needs them.',
    endpoints: [
      { endpoint: '169.254.169.254:80', why: 'instance metadata' },
      { endpoint: '[fd00:ec2::254]:80', why: 'instance metadata over IPv6' },
    ],
  },
  {
    name: 'aws-container-credentials',
    purpose: 'Task credentials of AWS ECS and CodeBuild containers.',
    endpoints: [{ endpoint: '169.254.170.2:80', why: 'container credentials' }],
  },
  {
    name: 'azure-metadata',
    purpose:
      'Instance metadata of Azure. It hands out tokens of managed identities: allow it only where the job needs them.',
    endpoints: [{ endpoint: '169.254.169.254:80', why: 'instance metadata' }],
  },
  {
    name: 'azure-wireserver',
    purpose:
      'Guest agent channel of Azure machines, GitHub-hosted runners among them; ordinary jobs do not need it.',
    endpoints: [
      { endpoint: '168.63.129.16:80', why: 'wireserver' },
      { endpoint: '168.63.129.16:32526', why: 'host plugin' },
    ],
  },
  {
    name: 'gcp-metadata',
    purpose:
      'Instance metadata of Google Cloud. It hands out tokens of service accounts: allow it only where the job needs them.',
    endpoints: [
      { endpoint: 'metadata.google.internal:80', why: 'instance metadata by name' },
      { endpoint: '169.254.169.254:80', why: 'instance metadata by address' },
    ],
  },
  {
    name: 'sigstore',
    purpose: 'Keyless signing and verification with the public Sigstore services.',
    endpoints: [
      { endpoint: 'fulcio.sigstore.dev', why: 'certificates' },
      { endpoint: 'rekor.sigstore.dev', why: 'transparency log' },
      { endpoint: 'timestamp.sigstore.dev', why: 'signed time' },
      { endpoint: 'tuf-repo-cdn.sigstore.dev', why: 'trust root' },
    ],
  },
]

export function presetNamed(name: string): Preset | undefined {
  return presets.find((preset) => preset.name === name)
}
