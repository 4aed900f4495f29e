import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Runs a shell script as root on the stage. */
export function sh(script: string): string {
  return execFileSync('sh', ['-ec', script], { encoding: 'utf8', maxBuffer: 2 ** 26 })
}

/** Waits for a condition. @throws Error when it does not come true */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 200_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never true: ${String(condition)}`)
    await delay(10)
  }
}

/** Only root can make files in it. Nothing there: nobody got root's rights. */
export const proof = '/proof'

export function isProved(folder = proof): boolean {
  return readdirSync(folder).length > 0
}

export function clearProof(folder = proof): void {
  for (const name of readdirSync(folder)) rmSync(`${folder}/${name}`, { recursive: true })
}

/** A server that does with root's rights, or those of `user`, what it is told on a unix socket. */
export async function serve(
  path: string,
  options: string,
  command: string,
  { program = 'socat', user }: { program?: string; user?: string } = {},
): Promise<number | undefined> {
  rmSync(path, { force: true })
  const words = [program, `UNIX-LISTEN:${path},fork,${options}`, `SYSTEM:${command}`]
  const [file = '', ...args] =
    user === undefined
      ? words
      : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', ...words]
  const child = spawn(file, args, { stdio: 'ignore', detached: true })
  await until(() => existsSync(path))
  return child.pid
}

/** Writes to the file that it is told of. */
const writes = 'read -r path && echo done > "$path"'

/**
 * An account as runners have it: passwordless sudo and doas, member of docker and of other groups, root
 * without a password, and what an earlier step may have left behind. With the services that such machines have.
 */
export async function makeAccount(): Promise<void> {
  mkdirSync(proof, { mode: 0o700 })
  appendFileSync('/etc/passwd', 'ci:x:4242:4242::/home/ci:/bin/sh\n')
  appendFileSync('/etc/shadow', 'ci:*:20000::::::\n')
  appendFileSync(
    '/etc/group',
    'ci:x:4242:\ndocker:x:4243:ci\nengine:x:4244:ci\nharmless:x:4245:ci\ncrontab:x:4246:\nkvm:x:4247:ci\n',
  )
  sh(`
    sed -i 's/^\\(sudo:x:[0-9]*:\\).*/\\1ci/' /etc/group
    sed -i 's/^root:[^:]*:/root::/' /etc/shadow
    mkdir -p /home/ci /run/user/4242/podman /run/dbus /run/containerd /run/podman /srv/odd /mnt/other /etc/sudoers.d
    echo 'ci ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/ci
    chmod 0440 /etc/sudoers.d/ci
    echo 'permit nopass ci' > /etc/doas.conf
    chmod 4755 /usr/bin/pkexec /usr/bin/su
    chgrp crontab /usr/bin/crontab && chmod 2755 /usr/bin/crontab
    mkdir -p /var/spool/cron/crontabs /var/spool/cron/atjobs /var/spool/cron/atspool
    chgrp crontab /var/spool/cron/crontabs && chmod 1730 /var/spool/cron/crontabs
    chown daemon:daemon /var/spool/cron/atjobs /var/spool/cron/atspool
    chmod 1770 /var/spool/cron/atjobs /var/spool/cron/atspool
    touch /var/spool/cron/atjobs/.SEQ && chown daemon:daemon /var/spool/cron/atjobs/.SEQ
    mount -t tmpfs other /mnt/other
    cp /bin/cp /home/ci/cp && chmod 4755 /home/ci/cp
    cp /bin/cp /mnt/other/cp && chmod 4755 /mnt/other/cp
    cp /bin/cp /home/ci/capable && setcap cap_dac_override+ep /home/ci/capable
    cp /usr/bin/socat /home/ci/group && chgrp docker /home/ci/group && chmod 2755 /home/ci/group
    cp /usr/bin/socat /srv/dockerd
    chown -R ci:ci /run/user/4242
    chmod 0700 /run/user/4242
    rm -rf /usr/share/polkit-1 && mkdir -p /usr/share/polkit-1/rules.d && chmod 0777 /usr/share /usr/share/polkit-1 /usr/share/polkit-1/rules.d
    chown ci:ci /home/ci`)
}

export async function startServices(): Promise<void> {
  await serve('/run/docker.sock', 'mode=0660,group=docker', writes)
  await serve('/run/podman/podman.sock', 'mode=0660,group=engine', writes)
  await serve('/run/containerd/containerd.sock', 'mode=0666', writes)
  await serve('/srv/odd/api.sock', 'mode=0666', writes, { program: '/srv/dockerd' })
  await serve('/run/dbus/system_bus_socket', 'mode=0666', writes)
  const bySudo = 'read -r path && sudo -n touch "$path"'
  await serve('/run/user/4242/bus', 'mode=0600', bySudo, { user: 'ci' })
  await serve('/run/user/4242/podman/podman.sock', 'mode=0600', bySudo, { user: 'ci' })
}

/** A process of the account outside of the confinement. */
export function startOutside(): number {
  const child = spawn('setpriv', ['--reuid=ci', '--regid=ci', '--init-groups', 'sleep', '10000'], {
    stdio: 'ignore',
  })
  return child.pid ?? 0
}
