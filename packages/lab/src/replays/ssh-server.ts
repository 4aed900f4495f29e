import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { hasSaid } from '../has-said.ts'
import type { Lab } from '../lab.ts'

/**
 * An ssh server at port 22 of all addresses of the lab's internet, which ends with the lab. Debian package: dropbear-bin.
 * @param repositories folder of the repositories that it serves, as `root@HOST:NAME.git`
 * @returns path of the key that it takes
 */
export async function startSshServer(lab: Lab, repositories: string): Promise<string> {
  const folder = `${lab.folder}/ssh`
  const at = (name: string): string => `${folder}/${name}`
  mkdirSync(folder, { mode: 0o700 })
  execFileSync('ssh-keygen', ['-qt', 'ed25519', '-N', '', '-f', at('deploy')])
  execFileSync('dropbearkey', ['-t', 'ed25519', '-f', at('host')], { stdio: 'ignore' })
  mkdirSync(`${repositories}/.ssh`, { mode: 0o700 })
  copyFileSync(at('deploy.pub'), `${repositories}/.ssh/authorized_keys`)
  // The user is the machine's root; in a mount namespace of its own the home is another.
  const server = spawn(
    'nsenter',
    [
      `--net=/proc/${lab.internet.pid}/ns/net`,
      '--',
      'unshare',
      '--mount',
      '--',
      'sh',
      '-euc',
      'mount --bind "$0" /root; exec dropbear -F -E -s -r "$1" -p 22 -P /dev/null',
      repositories,
      at('host'),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  await hasSaid(server, 'Not backgrounding')
  return at('deploy')
}
