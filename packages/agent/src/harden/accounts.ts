import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AgentError, messageOf } from '../errors.ts'
import { contentOf, type Change, type Content } from './changes.ts'
import type { Subject } from './confinement.ts'
import { engineGroups, groupsToLose, type Level } from './roads.ts'

/**
 * The last line of sudoers that fits decides, whatever the lines, groups, aliases and files before it
 * say. `#uid` is the user by number.
 */
const denial = ({ uid }: Subject): string => `#${uid} ALL=(ALL:ALL) !ALL\n`

/** The sudoers file in which the user may do nothing. */
export function deniedSudoers(text: string, subject: Subject): string {
  const line = denial(subject)
  if (text.endsWith(`\n${line}`)) return text
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}`
}

/**
 * A group file (or gshadow) without the user among the members of these groups. Groups that only stand
 * for an engine's socket get another number from `fresh`: processes that run already keep the old one.
 */
export function withoutMember(
  text: string,
  user: string,
  groups: readonly string[],
  fresh: ReadonlyMap<string, number> = new Map(),
): string {
  return text
    .split('\n')
    .map((line) => {
      const fields = line.split(':')
      const [name = ''] = fields
      if (fields.length !== 4 || !groups.includes(name)) return line
      const lists = fields.map((field, i) =>
        i < 2 || (i === 2 && /^\d+$/.test(field))
          ? field
          : field
              .split(',')
              .filter((member) => member !== user)
              .join(','),
      )
      const number = fresh.get(name)
      if (number !== undefined) lists[2] = String(number)
      return lists.join(':')
    })
    .join('\n')
}

/** A number for each group of an engine that the user is in, that no group of /etc/group has. */
export function freshNumbers(text: string, subject: Subject): Map<string, number> {
  const rows = text.split('\n').map((line) => line.split(':'))
  const taken = new Set(rows.map(([, , gid]) => Number(gid)))
  const found = new Map<string, number>()
  // Below what login.defs and systemd hand out to users and dynamic users.
  let next = 59_999
  for (const [name = '', , gid] of rows) {
    if (!engineGroups.includes(name) || !subject.groups.includes(Number(gid))) continue
    while (taken.has(next)) next--
    taken.add(next)
    found.set(name, next)
  }
  return found
}

const polkitRule = (user: string): string =>
  `// runwarden: nothing for this account\npolkit.addRule(function (action, subject) {\n  if (subject.user == ${JSON.stringify(user)}) return polkit.Result.NO\n})\n`

const polkitAuthority = (user: string): string =>
  `[runwarden]\nIdentity=unix-user:${user}\nAction=*\nResultAny=no\nResultInactive=no\nResultActive=no\n`

function replaced(path: string, change: (text: string) => string): Change[] {
  const before = contentOf(path)
  if (before === null) return []
  const text = Buffer.from(before.bytes, 'base64').toString('latin1')
  const next = change(text)
  if (next === text) return []
  return [
    {
      kind: 'file',
      path,
      before,
      after: { ...before, bytes: Buffer.from(next, 'latin1').toString('base64') },
    },
  ]
}

function added(folder: string, name: string, text: string): Change[] {
  if (!existsSync(folder)) return []
  const path = join(folder, name)
  const before = contentOf(path)
  const after: Content = {
    uid: 0,
    gid: 0,
    mode: 0o644,
    bytes: Buffer.from(text).toString('base64'),
  }
  return JSON.stringify(before) === JSON.stringify(after)
    ? []
    : [{ kind: 'file', path, before, after }]
}

/** What takes the account's rights out of the machine's files. */
export function accountChanges(level: Level, subject: Subject): Change[] {
  const groups = groupsToLose(level)
  const numbers = freshNumbers(
    Buffer.from(contentOf('/etc/group')?.bytes ?? '', 'base64').toString('latin1'),
    subject,
  )
  const changes = [
    // sudo-rs reads the second where there is one.
    ...['/etc/sudoers', '/etc/sudoers-rs'].flatMap((path) =>
      replaced(path, (text) => deniedSudoers(text, subject)),
    ),
    ...replaced('/etc/group', (text) => withoutMember(text, subject.name, groups, numbers)),
    ...replaced('/etc/gshadow', (text) => withoutMember(text, subject.name, groups)),
    // polkit asks neither sudoers nor a process for its groups. The first rule that answers decides.
    ...added('/etc/polkit-1/rules.d', '00-00-runwarden.rules', polkitRule(subject.name)),
    // polkit 0.105 (Ubuntu 22.04) knows no rules.
    ...added(
      '/etc/polkit-1/localauthority/90-mandatory.d',
      'zz-runwarden.pkla',
      polkitAuthority(subject.name),
    ),
  ]
  for (const change of changes) {
    if (change.kind === 'file' && change.path.startsWith('/etc/sudoers'))
      requireSudoers(change.after)
  }
  return changes
}

/** A sudoers file that sudo can't read takes sudo from everybody. */
function requireSudoers(content: Content): void {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-sudoers-'))
  try {
    const path = join(folder, 'sudoers')
    writeFileSync(path, Buffer.from(content?.bytes ?? '', 'base64'), { mode: 0o440 })
    execFileSync('visudo', ['-c', '-q', '-f', path], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    throw new AgentError(
      'SUDO_SUDOERS',
      `visudo does not take the sudoers file with one more line: ${messageOf(error)}`,
      'see to it that `visudo -c` finds no fault on this machine',
      { cause: error },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}
