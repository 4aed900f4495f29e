import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootVm, ordinaryPrograms, type Vm, type VmOptions } from '@runwarden/lab/vm'
import { programs } from '../../agent/test/harden/stage.ts'
import { makeAction } from './bundled-action.ts'

const units = '/usr/lib/systemd/system'
/** What every unit stands on by default; the rest of a distribution's boot is not needed. */
const targets = ['sysinit', 'basic', 'multi-user', 'shutdown', 'umount', 'final'].map(
  (name) => `${units}/${name}.target`,
)
const pam = ['auth', 'account', 'session'].map((type) => `${type} sufficient pam_permit.so\n`)

/**
 * A machine as GitHub's runners are: systemd, sudo, and a user `runner` who may do with it what he likes.
 * @param action the folder that the action is in there
 */
export async function bootSystemd(
  action: string,
  { files = [], programs: more = [], ...options }: Partial<VmOptions> = {},
): Promise<Vm> {
  const made = mkdtempSync(join(tmpdir(), 'runwarden-systemd-vm-'))
  try {
    makeAction(made)
    const unpacked = await programs()
    const sudo = readdirSync(join(unpacked, 'usr/libexec/sudo')).map((name) => ({
      path: `/usr/libexec/sudo/${name}`,
      from: join(unpacked, 'usr/libexec/sudo', name),
    }))
    const vm = await bootVm({
      kernel: '6.12-amd64',
      memoryMb: 2048,
      ...options,
      // unix_chkpwd: with the libraries of PAM.
      programs: [
        ...ordinaryPrograms,
        '/usr/lib/systemd/systemd',
        '/usr/bin/systemctl',
        '/usr/bin/systemd-run',
        '/usr/bin/mount',
        '/usr/bin/ss',
        '/usr/bin/nsenter',
        '/usr/bin/umount',
        '/usr/sbin/unix_chkpwd',
        '/lib/x86_64-linux-gnu/security/pam_permit.so',
        ...more,
      ],
      files: [
        ...targets,
        ...sudo,
        { path: '/usr/bin/sudo', from: join(unpacked, 'usr/bin/sudo') },
        { path: '/usr/sbin/visudo', from: join(unpacked, 'usr/sbin/visudo') },
        { path: '/etc/hosts', content: '127.0.0.1 localhost runner\n' },
        { path: '/etc/pam.d/sudo', content: pam.join('') },
        {
          path: '/etc/sudoers',
          content: 'Defaults env_reset\nroot ALL=(ALL) ALL\nrunner ALL=(ALL) NOPASSWD:ALL\n',
          mode: 0o440,
        },
        { path: '/etc/systemd/first', content: '' },
        { path: '/etc/machine-id', content: '0123456789abcdef0123456789abcdef\n' },
        { path: '/etc/systemd/system/default.target', link: `${units}/multi-user.target` },
        { path: action, from: made },
        ...files,
      ],
    })
    await vm.run(
      'chown -R runner /home/runner; until [ -S /run/systemd/private ]; do sleep 0.2; done',
    )
    return vm
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}
