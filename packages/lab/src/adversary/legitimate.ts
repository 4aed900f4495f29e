import { python } from './cases/script.ts'

/** Ordinary work that a policy allows: its script ends with 0. */
export interface Work {
  id: string
  what: string
  script: string
  /** Started at the beginning and looked at in the end, since it takes a minute. */
  long?: boolean
}

/** 200 MB, as `site.py` makes them. */
const size = 200_000_000
const sum = `$(/usr/bin/python3 -c 'import hashlib; b = bytes(range(256)) * 4096; print(hashlib.sha256((b * 200)[:${size}]).hexdigest())')`
const get = (url: string, words = ''): string =>
  `curl -sS -f --max-time 60 ${words} -o /dev/null -w '%{http_version} %{remote_ip}\\n' ${url}`
const gitEnvironment = 'export GIT_TERMINAL_PROMPT=0 GIT_CONFIG_GLOBAL=/dev/null'

export const works: readonly Work[] = [
  {
    id: 'git-https',
    what: 'git clone over HTTPS',
    script: `${gitEnvironment}; git clone -q https://git.example.com/demo.git $SHARED/https && grep -q hello $SHARED/https/README`,
  },
  {
    id: 'git-ssh',
    what: 'git clone over SSH, allowed by name and port',
    script: `${gitEnvironment}; export GIT_SSH_COMMAND="ssh -i $SHARED/key -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes"
git clone -q ssh://root@git.example.com/$REPOSITORY $SHARED/ssh && grep -q hello $SHARED/ssh/README`,
  },
  {
    id: 'npm',
    what: 'npm install from a registry',
    script:
      'mkdir -p $SHARED/app && cd $SHARED/app && echo \'{"name":"app","version":"1.0.0"}\' >package.json && npm install --no-audit --no-fund --registry https://registry.example.com/ --cache $SHARED/npm postcss && [ -e node_modules/postcss/package.json ]',
  },
  {
    id: 'pip',
    what: 'pip install from an index',
    script:
      '/usr/bin/python3 -m pip install -q --disable-pip-version-check --no-cache-dir --index-url https://pypi.example.com/simple/ --target $SHARED/pip demo && PYTHONPATH=$SHARED/pip /usr/bin/python3 -c "import demo; assert demo.hello == 1"',
  },
  {
    id: 'apt',
    what: 'apt update and download from a repository (HTTPS and HTTP)',
    script: `for scheme in https http; do
  d=$SHARED/apt.$scheme; mkdir -p $d/lists/partial $d/cache/archives/partial $d/parts; : >$d/status
  echo "deb [trusted=yes] $scheme://apt.example.com/debian ./" >$d/sources.list
  o="-o Dir::State=$d -o Dir::State::lists=$d/lists -o Dir::State::status=$d/status -o Dir::Cache=$d/cache -o Dir::Etc::sourcelist=$d/sources.list -o Dir::Etc::sourceparts=$d/parts -o Acquire::https::CaInfo=$SSL_CERT_FILE -o APT::Sandbox::User= -o Acquire::Languages=none"
  apt-get -q $o update && (cd $d && apt-get -q $o download demo && [ -e demo_1.0_all.deb ]) || exit 1
done`,
  },
  {
    id: 'http1',
    what: 'curl, HTTP/1.1',
    script: get('https://web.example.com/', '--http1.1') + ` | tee /dev/stderr | grep -q ^1.1`,
  },
  {
    id: 'http2',
    what: 'curl, HTTP/2',
    script: get('https://h2.example.com/', '--http2') + ` | tee /dev/stderr | grep -q ^2`,
  },
  {
    id: 'http3-fallback',
    what: 'HTTP/3 first, refused at once, then HTTP/2 over TCP',
    script: `${python(`
begun = time.monotonic()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    s.connect((address_of('h2.example.com'), 443))
    s.send(b'\\xc3\\0\\0\\0\\1\\x08' + bytes(1200))
    sys.exit('QUIC was not refused')
except PermissionError: print('refused after', time.monotonic() - begun)`)}
[ $? = 0 ] && ${get('https://h2.example.com/')}`,
  },
  {
    id: 'happy-eyeballs',
    what: 'dual stack, IPv6 dead: IPv4 is taken',
    script: get('https://dual.example.com/'),
  },
  {
    id: 'happy-eyeballs-node',
    what: 'dual stack, IPv6 dead (node)',
    script: `node -e 'require("https").get("https://dual.example.com/", (r) => { console.log(r.statusCode); process.exit(r.statusCode === 200 ? 0 : 1) })'`,
  },
  {
    id: 'fifty-addresses',
    what: 'a name with 50 addresses, of which the last one answers',
    script: python(`
found = [a[4][0] for a in socket.getaddrinfo('many-50.allow.example.com', 443, socket.AF_INET, socket.SOCK_STREAM)]
print(len(found))
refused = []
for address in found:
    try: socket.create_connection((address, 443), 10).close()
    except PermissionError: refused.append(address)
    except OSError: pass
sys.exit(0 if len(found) == 50 and not refused else str(refused))`),
  },
  {
    id: 'chain',
    what: 'a chain of eight aliases',
    script: get('http://chain-8.allow.example.com/'),
  },
  {
    id: 'wildcard-certificate',
    what: 'a wildcard certificate',
    script: get('https://anything.allow.example.com/'),
  },
  {
    id: 'ipv6-only',
    what: 'a name with IPv6 addresses only',
    script: get('https://six.example.com/') + ` | tee /dev/stderr | grep -q 2001:db8`,
  },
  {
    id: 'download',
    what: '200 MB downloaded, checksum the same',
    script: `[ "$(curl -sS -f https://web.example.com/bytes/${size} | sha256sum | cut -d' ' -f1)" = "${sum}" ]`,
  },
  {
    id: 'upload',
    what: '200 MB uploaded, checksum the same',
    script: `/usr/bin/python3 -c 'import sys; b = bytes(range(256)) * 4096; sys.stdout.buffer.write((b * 200)[:${size}])' >$SHARED/large && [ "$(curl -sS -f -T $SHARED/large https://web.example.com/large)" = "${sum}" ]`,
  },
  {
    id: 'keep-alive',
    what: 'a connection used again after its name has expired (TTL 1 s, 60 s at least)',
    long: true,
    script: python(`
import http.client, ssl
c = http.client.HTTPSConnection('to-cb00711e.allow.example.com', context=ssl._create_unverified_context(), timeout=30)
for wait in (0, 30, 40):
    time.sleep(wait)
    c.request('GET', '/')
    answer = c.getresponse()
    answer.read()
    print(answer.status)
    first = c.sock if not wait else first
    assert c.sock is first, 'another connection'`),
  },
]
