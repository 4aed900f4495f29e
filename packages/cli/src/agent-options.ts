import type { OptionTable } from './options.ts'

/** The options of `runwarden agent`. */
export const agentOptions = {
  config: {
    type: 'text',
    value: 'FILE',
    help: 'the scopes, each with its policy (docs/agent.md); in place of the options below',
  },
  scope: {
    type: 'text',
    value: 'host|CGROUP',
    help: 'the one scope: the whole machine, or a cgroup as in /proc/PID/cgroup and all below it',
  },
  policy: { type: 'text', value: 'FILE', help: 'its policy document (docs/policy.md)' },
  'block-list': {
    type: 'text',
    value: 'FILE',
    help: 'known-bad domains, wildcard domains and addresses (JSON)',
  },
  rules: {
    type: 'list',
    value: 'FILE',
    help: 'rules of detections beside the built-in ones (docs/rules.md); may be given again',
  },
  'exempt-exe': {
    type: 'list',
    value: 'PATH',
    help: 'a program whose processes the policy does not hold for; may be given again',
  },
  'exempt-cgroup': {
    type: 'list',
    value: 'PATH',
    help: 'a cgroup whose processes the policy does not hold for; may be given again',
  },
  'exempt-preset': {
    type: 'list',
    value: 'NAME',
    help: 'a named group of programs to exempt: host-services (resolver, network set-up, clock)',
  },
  out: {
    type: 'text',
    value: 'DIR',
    help: 'where the records go, a folder for each scope and start (default: /var/lib/runwarden)',
  },
  state: {
    type: 'text',
    value: 'DIR',
    help: 'where what outlives the agent is kept (default: /run/runwarden)',
  },
  socket: {
    type: 'text',
    value: 'PATH',
    help: 'take jobs over this Unix socket, from the action (docs/agent.md); then no scope is needed',
  },
  'on-stop': {
    type: 'choice',
    choices: ['end', 'keep'],
    help: 'what becomes of the policies when the agent is stopped: they end, or stay enforced (default: end)',
  },
  release: {
    type: 'text',
    value: 'CGROUP',
    help: 'end the policy that an agent which is no more left in force on a cgroup',
  },
  help: { type: 'flag', help: 'show this' },
} as const satisfies OptionTable
