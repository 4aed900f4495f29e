import type { OrdinaryBuild } from './build.ts'
import { packageBuilds } from './ordinary-packages.ts'
import { serviceBuilds } from './ordinary-services.ts'

const cProject = `
for i in 1 2 3 4 5 6 7 8; do echo "int f$i(int a) { return a + $i; }" > f$i.c; done
echo 'int f1(int); int main(void) { return f1(-1); }' > main.c
printf 'all: app\\nOBJS = f1.o f2.o f3.o f4.o f5.o f6.o f7.o f8.o\\nlib.a: $(OBJS)\\n\\tar rc $@ $^\\napp: main.o lib.a\\n\\tgcc -o $@ $^\\ntest: app\\n\\t./app\\nclean:\\n\\trm -f *.o app lib.a\\n' > Makefile
`

const gitIdentity = `
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git config --global init.defaultBranch main
`

export const ordinaryBuilds: readonly OrdinaryBuild[] = [
  {
    name: 'make -j, twice, with a library',
    script: `${cProject} make -j4; make test; touch f1.c; make; make clean`,
  },
  {
    name: 'a configure script that compiles and runs probes',
    script: `
for header in stdio.h stdlib.h string.h unistd.h; do
  printf '#include <%s>\\nint main(void) { return 0; }\\n' $header > conftest.c
  gcc -o conftest conftest.c && ./conftest && echo "#define HAVE_$header" >> config.h
  rm -f conftest conftest.c
done`,
  },
  {
    name: 'git: commit, branch, clone, merge, rebase',
    script: `${gitIdentity}
mkdir origin; cd origin; git init -q
for i in 1 2 3; do echo $i > file$i; git add .; git commit -qm $i; done
git checkout -qb topic HEAD~1; echo t > topic; git add .; git commit -qm topic; git rebase -q main
cd ..; git clone -q origin copy; cd copy; git merge -q origin/topic; git stash list; git log --oneline`,
  },
  {
    name: 'a checkout that a formatter rewrites',
    script: `${gitIdentity}
mkdir origin; cd origin; git init -q; echo 'const a=1' > a.js; git add .; git commit -qm 1; cd ..
git clone -q origin copy; cd copy; mkdir -p node_modules/prettier/bin
echo "const fs = require('fs'); fs.writeFileSync('a.js', fs.readFileSync('a.js', 'utf8').replace('=', ' = '))" > node_modules/prettier/bin/prettier.cjs
node node_modules/prettier/bin/prettier.cjs --write a.js
sed -i s/1/2/ a.js; echo '// stamped' >> a.js; git diff --stat`,
  },
  {
    name: 'a code generator whose output is compiled',
    script: `
printf 'import sys\\nopen(sys.argv[1], "w").write("int main(void) { return 0; }\\\\n")\\n' > generate.py
python3 generate.py main.c; gcc -o app main.c; python3 generate.py main.c; gcc -o app main.c; ./app
python3 - <<'PY'
open('main.c', 'a').write('/* stamped */\\n')
PY
echo 'require("fs").appendFileSync("main.c", "/* again */")' | node`,
  },
  {
    name: 'npm ci, with a token in .npmrc, and npm test',
    script: `
printf 'registry=%s\\n//registry.example.org/:_authToken=npm_x\\n' "$REGISTRY/" > "$HOME/.npmrc"
cp "$PROJECT"/package*.json .; npm ci --no-audit --no-fund --loglevel=error
npm pkg set scripts.test='node -e 0' scripts.build='sh -c "echo built > out.txt"'
npm run build; npm test`,
  },
  {
    name: 'npm install of a package from a file, with a postinstall script',
    script: `
mkdir pkg app
echo '{"name":"pkg","version":"1.0.0","scripts":{"postinstall":"node post.js"}}' > pkg/package.json
echo "require('fs').writeFileSync('built.txt', 'x')" > pkg/post.js
(cd pkg && npm pack --silent); cd app; npm init -y >/dev/null
npm install --offline --no-audit --no-fund --loglevel=error --install-links ../pkg/pkg-1.0.0.tgz`,
  },
  {
    name: 'python: a virtual environment, unit tests with processes and sockets',
    script: `
python3 -m venv --without-pip venv
cat > test_all.py <<'PY'
import multiprocessing, socket, subprocess, threading, unittest
class All(unittest.TestCase):
    def test_pool(self):
        with multiprocessing.Pool(2) as pool: self.assertEqual(pool.map(abs, [-1, 2]), [1, 2])
    def test_server(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            client = socket.create_connection(server.getsockname())
            peer, _ = server.accept(); peer.sendall(b'x'); self.assertEqual(client.recv(1), b'x')
            peer.close(); client.close()
    def test_child(self):
        self.assertEqual(subprocess.run(['sh', '-c', 'echo hi'], capture_output=True, text=True).stdout, 'hi\\n')
PY
echo 'import os' > "$(echo venv/lib/python*/site-packages)/pkg-editable.pth"
venv/bin/python -m unittest -q test_all`,
  },
  {
    name: 'node: a test suite that opens servers and child shells',
    script: `
cat > suite.test.mjs <<'JS'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
test('server', async () => {
  const server = createServer((_, to) => to.end('x')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const curl = spawn('curl', ['-s', 'http://127.0.0.1:' + server.address().port])
  await once(curl, 'close')
  server.close()
})
test('shells', async () => {
  const shell = spawn('bash', [], { stdio: ['pipe', 'pipe', 'pipe'] })
  shell.stdin.end('echo hi\\n'); await once(shell, 'close')
  execFileSync('sh', ['-c', 'bash -c "exit 0"'])
})
JS
node --test suite.test.mjs >/dev/null`,
  },
  {
    name: 'a shell on a connection within the machine',
    script: `
python3 - <<'PY'
import socket, subprocess
server = socket.create_server(('127.0.0.1', 0)); client = socket.create_connection(server.getsockname()); peer, _ = server.accept()
shell = subprocess.Popen(['bash'], stdin=peer, stdout=peer, stderr=peer)
client.sendall(b'echo hi; exit\\n'); assert client.recv(9) == b'hi\\n'; shell.wait()
PY`,
  },
  {
    name: 'archives: tar, gzip, unpack, checksums',
    script: `${cProject} tar czf all.tgz *.c; mkdir x; tar xzf all.tgz -C x; sha256sum x/*; base64 all.tgz | base64 -d | tar tz
for i in a b c d e; do mkdir $i; echo engine-strict=true > $i/.npmrc; done; grep -rl engine .; tar czf all.tgz .
mkdir -p "$HOME/.ssh"; echo 'ssh-ed25519 AAAA' | tee "$HOME"/.ssh/id_{rsa,dsa,ecdsa,ed25519}.pub > "$HOME/.ssh/known_hosts"; cat "$HOME"/.ssh/*`,
  },
  {
    name: 'a pipeline of filters into a shell',
    script: `printf 'echo a\\necho b\\n' | sort -r | bash; seq 100 | xargs -n 10 sh -c 'echo "$@"' _ | tail -1`,
  },
  {
    name: 'keys: ssh-keygen and openssl',
    script: `ssh-keygen -qt ed25519 -N '' -f deploy 2>/dev/null || openssl genpkey -algorithm ed25519 -out deploy; openssl req -x509 -newkey ed25519 -nodes -keyout k.pem -out c.pem -subj /CN=x -days 1 2>/dev/null; openssl x509 -in c.pem -noout -subject`,
  },
  {
    name: 'patch, strip and install',
    script: `${cProject} make; cp f1.c f1.new; sed -i 's/+ 1/+ 2/' f1.new; (diff -u f1.c f1.new || true) > p.diff; mv f1.new f1.c; make; strip app; install -D -m 755 app out/bin/app`,
  },
  {
    name: 'objects out of archives, and of sources that filters made',
    script: `${cProject} make; tar czf objects.tgz lib.a f1.o; mkdir x; tar xzf objects.tgz -C x; cp f2.o x/; (cd x && ar x lib.a f3.o)
sed s/f1/g1/ f1.c | gcc -xc -c -fPIC -o g1.o -; awk 'BEGIN { print "int h(void) { return 1; }" }' > h.c; xz -k h.c; xz -dc h.c.xz > h2.c
gcc -c h2.c h.c; strip -g h.o; gcc -shared -fPIC -o x.so x/f2.o x/f3.o g1.o h.o; ar rc all.a x/*.o h.o; base64 x.so | base64 -d | cmp - x.so`,
  },
  {
    name: 'background services that outlive their step',
    script: `(python3 -m http.server 18080 --bind 127.0.0.1 >/dev/null 2>&1 &); sleep 1; curl -s http://127.0.0.1:18080/ >/dev/null || true`,
  },
  {
    name: 'what a login shell and tools read at home',
    script: `echo 'export A=1' >> "$WORKSPACE/env.sh"; bash -lc true; git config --list >/dev/null 2>&1 || true; ps aux >/dev/null; ps axo pid,etime,command >/dev/null; cat /proc/self/environ >/dev/null; pgrep bash >/dev/null`,
  },
  ...packageBuilds,
  ...serviceBuilds,
]
