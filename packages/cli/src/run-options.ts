import type { OptionTable } from './options.ts'

/** The options of `runwarden run`. */
export const runOptions = {
  egress: {
    type: 'choice',
    choices: ['audit', 'block'],
    help: 'audit lets everything pass and says what a policy would have blocked; block stops what no line allows (default: what the policy file says, else audit)',
  },
  allow: {
    type: 'list',
    value: '"ENDPOINT …"',
    help: 'allowed endpoints, blanks or newlines between, # comments; may be given again, and beside --policy',
  },
  policy: { type: 'text', value: 'FILE', help: 'a policy document (docs/policy.md)' },
  'block-list': {
    type: 'text',
    value: 'FILE',
    help: 'known-bad domains, wildcard domains and addresses (JSON): stopped in audit mode too, over every allowed endpoint',
  },
  rules: {
    type: 'list',
    value: 'FILE',
    help: 'rules of detections beside the built-in ones, and suppressions (docs/rules.md); may be given again',
  },
  baseline: {
    type: 'list',
    value: 'PATH',
    help: 'a report.json of a past run of this job, or a folder of such runs: destinations that are in none of them are told; may be given again',
  },
  lockdown: {
    type: 'list',
    value: 'ID,…',
    help: 'end the command when one of these detections is found; beside those that the policy names',
  },
  out: {
    type: 'text',
    value: 'DIR',
    help: 'where events.ndjson, report.json, summary.md and report.html go (default: .runwarden/<time>)',
  },
  server: {
    type: 'text',
    value: 'URL',
    help: 'a control plane (runwarden server): it has a say in policy and block list, live, and gets what happens (docs/cli.md)',
  },
  'api-key-file': {
    type: 'text',
    value: 'FILE',
    help: 'its API key, in a file that the command cannot read (default: the variable RUNWARDEN_API_KEY, which the command does not get)',
  },
  'on-server-failure': {
    type: 'choice',
    choices: ['local', 'audit', 'fail'],
    help: "what happens when the control plane cannot be asked at the start: go on by the command line's policy, go on and block nothing but what is on the block list, or end with 125 (default: local)",
  },
  'fail-on': {
    type: 'list',
    choices: ['blocked', 'detection'],
    help: 'end with 86 when something was blocked, or when there is a detection above info; may be given again: either',
  },
  'fail-mode': {
    type: 'choice',
    choices: ['closed', 'open'],
    help: 'what happens when the command cannot be protected: closed ends with 125 before it starts, open runs it all the same, marked unprotected (default: what the policy file says, else closed)',
  },
  user: { type: 'text', value: 'NAME', help: 'run the command as this user' },
  step: {
    type: 'text',
    value: 'NAME',
    help: "name of the step in reports (default: the command's first word)",
  },
  worker: {
    type: 'text',
    value: 'FILE',
    help: "the runner's worker, when the command is a runner: what each of its steps does is told under that step (default: the command itself, when it is called Runner.Worker)",
  },
  workspace: {
    type: 'text',
    value: 'DIR',
    help: 'changes of files below it are told (default: the current folder)',
  },
  repository: {
    type: 'text',
    value: 'OWNER/NAME',
    help: "the job's repository on GitHub: calls that leave it are told (default: GITHUB_REPOSITORY)",
  },
  granted: {
    type: 'text',
    value: 'PERMISSIONS',
    help: "what the job's GITHUB_TOKEN may do, e.g. 'contents: read, issues: write': it is compared with what was needed",
  },
  'secret-env': {
    type: 'list',
    value: 'NAME',
    help: 'a variable whose value is a secret: where the command writes it to the build log, as it is or in base64, hexadecimal, percent or escapes, it is told (may be given again)',
  },
  masks: {
    type: 'text',
    value: 'FILE',
    help: 'secrets that the CI system takes out of its logs, one a line or as ::add-mask::VALUE: where one gets around that, or is in an uploaded artifact, it is told; the file is read once, before the command starts',
  },
  background: {
    type: 'choice',
    choices: ['end', 'keep'],
    default: 'end',
    help: 'what happens to processes that outlive the command: end them, or keep them running under the policy',
  },
  quiet: { type: 'flag', help: 'no summary at the end; what goes wrong is still said' },
  help: { type: 'flag', help: 'show this' },
} as const satisfies OptionTable
