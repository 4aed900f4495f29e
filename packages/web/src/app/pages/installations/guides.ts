/** Where jobs run; what has to be done there, with what is to be copied. */
export interface Guide {
  id: string
  title: string
  /** What happens there, and what does not. */
  about: string
  steps: readonly { text: string; label?: string; snippet?: string }[]
}

interface Here {
  /** The server's address. */
  server: string
  org: string
}

const action = ({ server }: Here, more: readonly string[] = []): string =>
  `permissions:
  contents: read
  id-token: write # the job says who it is

jobs:
  build:
    runs-on: ${more.length === 0 ? 'ubuntu-24.04' : '[self-hosted, linux]'}
    steps:
      - uses: OWNER/runwarden@v1 # pin it by its commit
        with:
          server-url: ${server}
          egress-policy: audit
${more.map((line) => `          ${line}\n`).join('')}
      - uses: actions/checkout@v5
`

const first = 'The first step of every job: what stands above it is not watched.'

/** Without a slash at its end, and https, which agents need but for a server on their own machine. */
const isPlain = (server: string): boolean => server.startsWith('http:')

export const guides = (here: Here): readonly Guide[] => [
  {
    id: 'hosted',
    title: 'GitHub-hosted',
    about:
      'Linux runners of GitHub are a machine for one job: all of it is watched. Jobs on macOS and Windows are only observed, and never said to be protected.',
    steps: [
      {
        text: `${first} Where the action is published for you stands in place of OWNER.`,
        label: 'Workflow',
        snippet: action(here),
      },
      {
        text: 'Without id-token: write, an API key of the role agent from a secret says whose job it is.',
        label: 'With an API key',
        snippet: `        with:
          server-url: ${here.server}
          api-key: \${{ secrets.RUNWARDEN_API_KEY }}
`,
      },
    ],
  },
  {
    id: 'image',
    title: 'Custom image',
    about:
      'For images of runners that you build yourself: the action needs nothing in the image beside Linux 6.1 with BTF, glibc 2.34 and sudo. Have the image’s build say whether that holds.',
    steps: [
      {
        text: 'While the image is built, as root. It ends with another status than 0 where something is missing.',
        label: 'Commands for the image',
        snippet: `tar -xzf runwarden-linux-x64.tar.gz -C /opt
/opt/runwarden-linux-x64/bin/runwarden doctor
`,
      },
      { text: first, label: 'Workflow', snippet: action(here) },
    ],
  },
  {
    id: 'vm',
    title: 'VM for one job',
    about:
      'Self-hosted virtual machines that are made for a job and go with it: the whole machine is watched.',
    steps: [
      {
        text: 'The input says that the machine is this job’s alone. The runner’s account needs sudo without a password.',
        label: 'Workflow',
        snippet: action(here, ['deploy-on-self-hosted-vm: true']),
      },
    ],
  },
  {
    id: 'machine',
    title: 'Bare metal',
    about:
      'Machines that stay, and run many jobs, several at once: an agent as a service is armed before the runner starts, and takes each job over from the action.',
    steps: [
      {
        text: 'Install the service, of deploy/systemd.',
        label: 'Commands',
        snippet: `sudo tar -xzf runwarden-linux-x64.tar.gz -C /opt
sudo ln -s /opt/runwarden-linux-x64/bin/runwarden /usr/local/bin/runwarden
sudo runwarden doctor
cd /opt/runwarden-linux-x64/deploy/systemd
sudo install -D -m 600 -t /etc/runwarden agent.yml policy.yml
sudo install -m 644 -t /etc/systemd/system runwarden.service
sudo systemctl enable --now runwarden.service
`,
      },
      {
        text: 'What it watches when no job asks for its own policy, and where jobs ask.',
        label: '/etc/runwarden/agent.yml',
        snippet: `scopes:
  - cgroup: host
    exempt:
      - preset: host-services
      - cgroup: /system.slice/ssh.service
      - exe: /opt/actions-runner/bin/Runner.Listener
      - exe: /opt/actions-runner/bin/Runner.Worker
socket: /run/runwarden.sock
on-stop: keep
`,
      },
      {
        text: 'The runner’s own unit, so that it starts when the agent is armed.',
        label: 'Lines for the runner’s unit',
        snippet: `[Unit]
Requires=runwarden.service
After=runwarden.service
`,
      },
      {
        text: `${first} It hands the job over to the service, which reports to this server.`,
        label: 'Workflow',
        snippet: action(here).replace('ubuntu-24.04', '[self-hosted, linux]'),
      },
    ],
  },
  {
    id: 'arc',
    title: 'ARC',
    about:
      'Actions Runner Controller: not there yet. This version has no agent for the nodes of a cluster, and a job in a pod without rights is not protected: the action says so, and fails the job in block mode. Until then, jobs that need protection run on one of the other kinds.',
    steps: [],
  },
  {
    id: 'third-party',
    title: 'Third-party runners',
    about:
      'Blacksmith, Depot, Namespace, WarpBuild, Bitrise, AWS CodeBuild, RunsOn: as on runners of GitHub, of some only the job itself. Untested there: look at the first job’s data quality.',
    steps: [{ text: first, label: 'Workflow', snippet: action(here) }],
  },
  {
    id: 'other',
    title: 'Other CI',
    about:
      'GitLab, Jenkins, Buildkite, Azure DevOps, CircleCI and the rest: the command watches one command and all that it starts. It needs root.',
    steps: [
      {
        text: 'An API key of the role agent, in a file that only root reads.',
        label: 'Command',
        snippet: `sudo /opt/runwarden-linux-x64/bin/runwarden run --egress audit \\
  --server ${here.server} --api-key-file /etc/runwarden/api-key \\
  --out runwarden-report -- ./ci/test.sh
`,
      },
    ],
  },
]

/** What stands in the way of agents at this address; null: nothing. */
export const warningOf = (server: string): string | null =>
  isPlain(server)
    ? `This page came by ${server}: agents on other machines need https. Give the server its --url, and TLS.`
    : null
