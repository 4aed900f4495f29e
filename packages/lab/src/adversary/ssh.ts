import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Stage } from './stage.ts'

const checkout = fileURLToPath(new URL('../../../..', import.meta.url))

/** Debian's sshd with its libraries, unpacked and not installed: installing it would start it on this machine. */
function fetchSshd(): { program: string; libraries: string } {
  const folder = join(checkout, 'build/adversary')
  const [, release = ''] =
    /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? []
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim()
  const multiarch = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim()
  const packages = ['openssh-server', 'libwrap0', 'libnsl2', 'libtirpc3']
  execFileSync(
    join(checkout, 'scripts/debian-packages'),
    [release, architecture, folder, ...packages],
    { stdio: 'pipe' },
  )
  return { program: join(folder, 'usr/sbin/sshd'), libraries: join(folder, 'usr/lib', multiarch) }
}

/** A real sshd at the internet's end, for one key. */
export async function startSsh(stage: Stage, address: string): Promise<void> {
  const { program, libraries } = fetchSshd()
  const folder = join(stage.folder, 'sshd')
  mkdirSync(folder)
  for (const name of ['host', 'client'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
  writeFileSync(
    join(folder, 'config'),
    [
      `ListenAddress ${address}:22`,
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/client.pub`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'PidFile none',
      '',
    ].join('\n'),
  )
  // Its folder below /run is the lab's own.
  // The user that it separates its privileges by comes with the package's installation.
  const user = `{ grep -v '^sshd:' /etc/passwd; echo sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin; } > /run/passwd && mount --bind /run/passwd /etc/passwd`
  const start = `mount -t tmpfs none /run && mkdir /run/sshd && ${user} && exec ${program} -D -e -f ${folder}/config`
  await stage.atInternet(
    ['unshare', '--mount', 'sh', '-c', start],
    { LD_LIBRARY_PATH: libraries },
    'Server listening',
  )
}
