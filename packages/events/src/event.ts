import { z } from 'zod'

/**
 * The contract of events: what a run writes to `events.ndjson`, one JSON object a line, and what
 * every other part (report, control plane, web) reads. Kinds and fields are only ever added.
 *
 * Text that came from a job (paths, arguments, names) is attacker-controlled: it is kept as it
 * was, with bytes that are no UTF-8 replaced by U+FFFD, and escaped wherever it is shown.
 */

/** What was decided about one network act. These four words, nowhere others. */
export const Verdict = z.enum(['allowed', 'blocked', 'would-block', 'attack-blocked'])
export type Verdict = z.infer<typeof Verdict>

/** Transport or network protocol of a network act. */
export const Protocol = z.enum([
  'tcp',
  'udp',
  'icmp',
  'icmp6',
  'sctp',
  'dccp',
  'udplite',
  'raw',
  'other',
])
export type Protocol = z.infer<typeof Protocol>

/** Who says so: the kernel's own object, or memory that the process could change meanwhile. */
export const Truth = z.enum(['kernel', 'user'])
export type Truth = z.infer<typeof Truth>

const base = {
  /** Position in the run's stream, from 1, without gaps. Evidence refers to it. */
  seq: z.int().min(1),
  /** When it happened, milliseconds since the epoch with microsecond fraction (kernel clock). */
  time: z.number(),
  /** The scope's id. */
  scope: z.string(),
  /** Process identity: `<pid>-<start time, ns since boot>-<boot id, 8 hex>`; null: no process is known. */
  execId: z.string().nullable(),
  /** The id of the workflow step it belongs to; null: none is known. */
  step: z.string().nullable(),
  /** It was done before the steps, or behind them, by an action's own stage for that; missing: by its main, or not known. */
  phase: z.enum(['pre', 'post']).optional(),
}

/**
 * What a file descriptor is: `fifo` is a pipe that has a name; `network` a socket of an internet family whose
 * peer is not on this machine, `loopback` one whose peer is, `socket` any other.
 */
export const Stdio = z.enum([
  'closed',
  'file',
  'directory',
  'pipe',
  'fifo',
  'device',
  'socket',
  'network',
  'loopback',
  'other',
])
export type Stdio = z.infer<typeof Stdio>

export const ProcessExec = z.object({
  ...base,
  kind: z.literal('process.exec'),
  pid: z.int(),
  parentExecId: z.string().nullable(),
  parentPid: z.int(),
  uid: z.int(),
  /** Path of the program as the kernel resolved it. */
  exe: z.string(),
  argv: z.array(z.string()),
  /** argv was longer than what the kernel side keeps. */
  argvTruncated: z.boolean(),
  cwd: z.string(),
  inode: z.string(),
  device: z.string(),
  /** The program is an anonymous memory file. */
  memfd: z.boolean(),
  /** The program's file had no name any more when it started. */
  deleted: z.boolean(),
  /** What its input, output and error output were when it started. */
  stdio: z.array(Stdio).optional(),
})

export const ProcessExit = z.object({
  ...base,
  kind: z.literal('process.exit'),
  pid: z.int(),
  code: z.int().nullable(),
  signal: z.int().nullable(),
})

/** A step of a workflow begins: its root process runs its first program. What it does has its `step`. */
export const StepStart = z.object({
  ...base,
  kind: z.literal('step.start'),
  pid: z.int(),
  /** `owner/repository@ref` of the action that the step uses; null: it is a script, or a local action. */
  action: z.string().nullable(),
  /** The stage of the action; null: not known. Of a script it is `main`. */
  stage: z.enum(['pre', 'main', 'post']).nullable().optional(),
  job: z.string().nullable(),
  workflow: z.string().nullable(),
  repository: z.string().nullable(),
  runId: z.string().nullable(),
  runAttempt: z.string().nullable(),
  /** From the root's environment as the runner gave it, before its first instruction. */
  truth: Truth,
})

const network = {
  verdict: Verdict,
  /** Why, for a person. */
  reason: z.string(),
  /** The policy line or block-list entry behind the verdict, e.g. `policy.yml:4 registry.example.org:443`. */
  rule: z.string().nullable(),
}

export const DnsQuery = z.object({
  ...base,
  ...network,
  kind: z.literal('dns.query'),
  name: z.string(),
  /** Query type by its mnemonic, or TYPEnnn (RFC 3597). */
  type: z.string(),
  /** The server that the process asked. */
  server: z.string(),
  serverPort: z.int(),
  protocol: z.enum(['udp', 'tcp']),
  /** Response code by its mnemonic; null: no answer was made. */
  rcode: z.string().nullable(),
  /** Addresses that the answer led to. */
  addresses: z.array(z.string()),
  /** Aliases between the name and the addresses, in order. */
  cnames: z.array(z.string()),
})

/** An attempt to reach a destination: a connect, a datagram, a raw or packet socket, a stray packet. */
export const NetConnect = z.object({
  ...base,
  ...network,
  kind: z.literal('net.connect'),
  /** The name that led to the address; null: none is known. */
  host: z.string().nullable(),
  /** Empty for sockets without a destination (raw, packet). */
  address: z.string(),
  port: z.int(),
  protocol: Protocol,
  /** What the process did, or the layer that stopped a packet. */
  via: z.enum(['connect', 'send', 'socket', 'packet', 'link']),
  /** Attempts that this one event stands for. */
  count: z.int().min(1),
})

/** What went over one flow, told when it ends or the run does. */
export const NetFlow = z.object({
  ...base,
  ...network,
  kind: z.literal('net.flow'),
  host: z.string().nullable(),
  address: z.string(),
  port: z.int(),
  protocol: Protocol,
  bytesOut: z.number(),
  packetsOut: z.number(),
})

/** Which TLS library a program has used. */
export const TlsLibrary = z.enum(['openssl', 'node', 'gnutls', 'go', 'nss', 'boringssl'])

/**
 * A request, told when its head was sent. Read in the memory of the program before it was encrypted: what it says
 * is what the program says. Query, header values and bodies are never kept.
 */
export const HttpRequest = z.object({
  ...base,
  ...network,
  kind: z.literal('http.request'),
  method: z.string(),
  scheme: z.enum(['http', 'https']),
  /** In lower case, with a port other than the scheme's own; empty: the request names none. */
  host: z.string(),
  /** Without the query, which holds secrets. */
  path: z.string(),
  /** Of git's first request to a repository: whether it is to fetch (`git-upload-pack`) or to push. */
  gitService: z.enum(['git-upload-pack', 'git-receive-pack']).optional(),
  version: z.enum(['1.0', '1.1', '2']),
  library: TlsLibrary,
  /** Whose token it carries, by the token's shape: `installation` is what GITHUB_TOKEN is; null: it carries none. */
  authorization: z.enum(['installation', 'personal', 'other']).nullable(),
  truth: Truth,
})

/** What came of a request: told when both sides are through, or when nothing more will be known of it. */
export const HttpResponse = z.object({
  ...base,
  kind: z.literal('http.response'),
  /** `seq` of the request. */
  request: z.int(),
  /** Null: no response was seen. */
  status: z.int().nullable(),
  /** Of the bodies as they were transferred (compressed). */
  requestBytes: z.number(),
  responseBytes: z.number(),
  /** The fields of a GraphQL mutation, by name, e.g. `addComment`; null: it was none, or could not be read. */
  mutations: z.array(z.string()).nullable(),
  /** Repositories that the mutation names, `owner/name` in lower case. Most mutations name what they change by an id. */
  repositories: z.array(z.string()).optional(),
})

/** HTTPS traffic, or what may be, whose content was not read. Told when the connection ends. */
export const HttpOpaque = z.object({
  ...base,
  kind: z.literal('http.opaque'),
  /** Null: no library that can be read was seen in the program. */
  library: TlsLibrary.nullable(),
  /** See docs/events.md. */
  reason: z.enum([
    'not-http',
    'malformed',
    'limits',
    'cut',
    'lost',
    'upgraded',
    'tunnel',
    'evicted',
    'no-library',
    'late',
    'quic',
  ]),
  /** Which was asked before, or that the connection was made to, with a port other than 443; null: none is known. */
  host: z.string().nullable(),
  connections: z.int().min(1),
  /** That were not read; where no library is known, of IP packets, and only those sent. */
  bytesSent: z.number(),
  bytesReceived: z.number(),
})

const file = {
  ...base,
  path: z.string(),
  /** Where the path came from. */
  truth: Truth,
  /** Within the workspace. */
  workspace: z.boolean(),
  /** Why the place is watched beside the workspace, e.g. `ssh-key`; null: it is not. */
  sensitive: z.string().nullable(),
  /** The kernel's errno when the act failed, 0 otherwise. */
  errno: z.int(),
}

export const FileWrite = z.object({ ...file, kind: z.literal('file.write') })
export const FileCreate = z.object({ ...file, kind: z.literal('file.create') })
export const FileDelete = z.object({ ...file, kind: z.literal('file.delete') })
export const FileRead = z.object({ ...file, kind: z.literal('file.read') })
/** A rename or a link: `path` is the old name, `to` the new one. */
export const FileRename = z.object({
  ...file,
  kind: z.literal('file.rename'),
  to: z.string(),
  link: z.enum(['rename', 'hard', 'symbolic']),
})

/**
 * A file of the workspace was changed by another process than the one that wrote it first: told when it has been looked at,
 * some milliseconds after the act. `execId` is who acted last.
 */
export const FileChanged = z.object({
  ...base,
  kind: z.literal('file.changed'),
  path: z.string(),
  truth: Truth,
  /**
   * `restored`: it holds again what it held before, or two acts in a row have left what it held; `unchanged`: one act has;
   * `unknown`: what it holds, or held, was not read.
   */
  state: z.enum(['changed', 'restored', 'unchanged', 'unknown']),
  /** How, since its writer had left it. */
  ways: z.array(z.enum(['write', 'replace', 'link', 'remove'])),
  /** Acts of others since then. */
  acts: z.int(),
  /** `seq` of the first of them. */
  evidence: z.array(z.int()),
  /** Who wrote it first; null: it was there before the run. */
  writer: z
    .object({
      execId: z.string(),
      exe: z.string(),
      /** The beginning of its command line. */
      command: z.string(),
      step: z.string().nullable(),
    })
    .nullable(),
  /** How the one who acts stands to the writer. `same-program`: another process of it in the same step, not related. */
  relation: z.enum(['same-program', 'same-step', 'other-step', 'before-run']),
  /** SHA-256, hexadecimal, of what it held when it was looked at last, and holds; null: not known, `unread` says why. */
  content: z.object({
    before: z.string().nullable(),
    after: z.string().nullable(),
    unread: z.enum(['', 'gone', 'large', 'special', 'elsewhere', 'unreadable', 'budget']),
  }),
  /** The folder of the dependency that it belongs to, e.g. `/w/node_modules/a`; null: it is the checkout's own. */
  dependency: z.string().nullable(),
  /** Programs of those acts. */
  programs: z.array(z.string()),
  /** Programs, by their last names, that ran when the first of these acts happened, and descend neither way. */
  alongside: z.array(z.string()),
  /** Programs, by their last names, that opened it for reading while it was open for writing, or mapped so. */
  readers: z.array(z.string()),
})

export const SandboxChange = z.object({
  ...base,
  kind: z.literal('sandbox.change'),
  change: z.enum([
    'mount',
    'unmount',
    'namespace',
    'setns',
    'chroot',
    'ptrace',
    'process-memory',
    // What leads to a core dump: the limit of another process was set; the runner's worker was sent such a signal, or its
    // .NET was reached by the socket by which it can be asked for one.
    'core-limit',
    'core-signal',
    'core-asked',
    'module',
    'capability',
    'cgroup',
    'bpf',
    'io_uring',
    // A connection to a container engine's socket.
    'engine',
    // A device has come to a network namespace of the scope, or packet rules were changed (nf_tables, tc), by whatever way.
    'network-device',
    'packet-rules',
    // A program was started in a mount namespace and a root that its maker has not: `container` says what it has.
    'container',
    // A signal that ends or stops the agent; what the guard refused (tier T2).
    'signal',
    'guard',
  ]),
  /** What exactly, for a person: e.g. `unshare(user, net)`, `mount(/dev/sda1 on /mnt)`. */
  detail: z.string(),
  truth: Truth,
  errno: z.int(),
  /** The process acted upon, where there is one. */
  targetPid: z.int().nullable(),
  container: z
    .object({
      /** Effective ones, without CAP_, in lower case. */
      capabilities: z.array(z.string()),
      /** In a user namespace below the machine's: the capabilities are over that only. */
      ownUsers: z.boolean(),
      seccomp: z.enum(['none', 'strict', 'filter']),
      noNewPrivileges: z.boolean(),
      /** Namespaces that it shares with the job's machine: of `user` `pid` `net` `ipc` `uts`. */
      shares: z.array(z.string()),
      /** What it sees of the machine's file systems, by the path there; null: it was over before that was read. */
      mounts: z
        .array(z.object({ from: z.string(), to: z.string(), readOnly: z.boolean() }))
        .nullable(),
      /** Whether it can write to /sys; null: it has none, or that was not read. */
      sysWritable: z.boolean().nullable(),
    })
    .optional(),
})

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

export const Severity = z.enum(['info', 'low', 'medium', 'high', 'critical'])
export type Severity = z.infer<typeof Severity>

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

export const Hook = z.object({
  name: z.string(),
  tier: z.enum(['T0', 'T1', 'T2']),
  state: z.enum(['active', 'refused', 'unneeded']),
  /** Why it was refused or is not needed; empty when active. */
  reason: z.string(),
})
export type Hook = z.infer<typeof Hook>

export const AgentHealth = z.object({
  ...base,
  kind: z.literal('agent.health'),
  /** `armed`, `lost` (events were), `gap` (something could not be seen), `ended`. */
  state: z.enum(['armed', 'lost', 'gap', 'ended']),
  detail: z.string(),
  tier: z.enum(['T0', 'T1', 'T2', 'none']),
  hooks: z.array(Hook),
  /** Events that the kernel side or the agent could not keep, by kind. */
  eventsLost: z.record(z.string(), z.number()),
})

export const Event = z.discriminatedUnion('kind', [
  ProcessExec,
  ProcessExit,
  StepStart,
  DnsQuery,
  NetConnect,
  NetFlow,
  HttpRequest,
  HttpResponse,
  HttpOpaque,
  FileWrite,
  FileCreate,
  FileDelete,
  FileRead,
  FileRename,
  FileChanged,
  SandboxChange,
  SecretFound,
  Detection,
  AgentHealth,
])
export type Event = z.infer<typeof Event>
export type EventKind = Event['kind']
export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>
