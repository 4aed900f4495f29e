/** Runs on the stage: the whole command, with a policy that takes sudo and containers away. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isProved, makeAccount, proof, sh, startServices } from './account.ts'

const runwarden = fileURLToPath(new URL('../../../cli/bin/runwarden', import.meta.url))
process.env['PATH'] = `/usr/sbin:/usr/bin:/sbin:/bin:${dirname(process.execPath)}`
await makeAccount()
await startServices()
writeFileSync('/tmp/policy.yml', 'version: 1\negress: block\ndisable-sudo-and-containers: true\n')

const attack = `sudo -n touch ${proof}/sudo; echo ${proof}/docker | socat -t60 - UNIX-CONNECT:/run/docker.sock; touch /tmp/ran; id -Gn; exit 7`

function run(...options: string[]) {
  const { status, stdout, stderr } = spawnSync(
    runwarden,
    [
      'run',
      '--policy',
      '/tmp/policy.yml',
      '--quiet',
      '--out',
      '/tmp/out',
      ...options,
      '--',
      'sh',
      '-c',
      attack,
    ],
    { encoding: 'utf8' },
  )
  const ran = sh('if [ -e /tmp/ran ]; then rm /tmp/ran; echo yes; fi').trim() === 'yes'
  return { status, stdout, stderr, ran, proved: isProved() }
}

const results: Record<string, ReturnType<typeof run>> = {}
results['user'] = run('--user', 'ci')
results['root'] = run()
sh(
  "echo 'toor:x:0:0::/root:/bin/sh' >> /etc/passwd; echo 'moby:x:4300:4243::/tmp:/bin/sh' >> /etc/passwd",
)
results['root by another name'] = run('--user', 'toor')
results['own group'] = run('--user', 'moby')
// Nothing on the lists: found only by trying.
sh('mount --bind /srv /etc/cron.d; chmod 777 /srv')
results['place'] = run('--user', 'ci')
sh('umount /etc/cron.d')
const engine = spawn('/srv/dockerd', ['TCP-LISTEN:2375,bind=127.0.0.1,fork', 'SYSTEM:true'], {
  stdio: 'ignore',
})
while (!readFileSync('/proc/net/tcp', 'utf8').includes(':0947 ')) await delay(10)
results['port'] = run('--user', 'ci')
engine.kill()
const abstract = spawn('/srv/dockerd', ['ABSTRACT-LISTEN:docker,fork', 'SYSTEM:true'], {
  stdio: 'ignore',
})
while (!readFileSync('/proc/net/unix', 'utf8').includes(' @docker')) await delay(10)
results['abstract socket'] = run('--user', 'ci')
abstract.kill()
console.log(JSON.stringify(results))
process.exit(0)
