#!/bin/bash
# What the registry of ordinary builds offers beside packages of npm; run in the folder of its files.
set -eu

# A package of pip, ready to be installed, which needs one of which there is the source.
mkdir -p pypi/greeter pypi/words
cat > pack.py <<'PY'
import base64, hashlib, sys, zipfile
def wheel(path, name, files):
    info = f'{name}-1.0.dist-info'
    files |= {f'{info}/WHEEL': 'Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n'}
    digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()
    record = ''.join(f'{at},sha256={digest(text)},{len(text)}\n' for at, text in files.items())
    with zipfile.ZipFile(path, 'w') as out:
        for at, text in (files | {f'{info}/RECORD': f'{record}{info}/RECORD,,\n'}).items(): out.writestr(at, text)
def metadata(name, more=''): return f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{more}'
PY
python3 - <<'PY'
import zipfile
from pack import *
wheel('pypi/greeter/greeter-1.0-py3-none-any.whl', 'greeter', {
    'greeter.py': 'import words\ndef main(): print(words.hello())\n',
    'greeter-1.0.dist-info/METADATA': metadata('greeter', 'Requires-Dist: words\n'),
    'greeter-1.0.dist-info/entry_points.txt': '[console_scripts]\ngreet = greeter:main\n'})
with zipfile.ZipFile('go.zip', 'w') as out:
    out.writestr('example.org/words@v1.0.0/go.mod', 'module example.org/words\n\ngo 1.19\n')
    out.writestr('example.org/words@v1.0.0/words.go', 'package words\n\nfunc Hello() string { return "hello" }\n')
PY
mkdir -p sdist/words-1.0
cp pack.py sdist/words-1.0
printf '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n' > sdist/words-1.0/pyproject.toml
printf 'Metadata-Version: 2.1\nName: words\nVersion: 1.0\n' > sdist/words-1.0/PKG-INFO
cat > sdist/words-1.0/backend.py <<'PY'
import subprocess
from pack import *
def build_wheel(folder, settings=None, metadata_folder=None):
    open('v.c', 'w').write('#include <stdio.h>\nint main(void) { puts("hello"); }\n')
    subprocess.run(['gcc', '-o', 'v', 'v.c'], check=True)
    said = subprocess.run(['./v'], capture_output=True, text=True).stdout.strip()
    wheel(f'{folder}/words-1.0-py3-none-any.whl', 'words', {
        'words.py': f'def hello(): return {said!r}\n', 'words-1.0.dist-info/METADATA': metadata('words')})
    return 'words-1.0-py3-none-any.whl'
PY
tar czf pypi/words/words-1.0.tar.gz -C sdist words-1.0
for at in greeter/greeter-1.0-py3-none-any.whl words/words-1.0.tar.gz; do
  echo "<a href=\"$(basename $at)\">$(basename $at)</a>" > "pypi/$(dirname $at)/index.html"
done

# A module of Go's proxy.
mkdir -p go/example.org/words/@v
echo v1.0.0 > go/example.org/words/@v/list
echo '{"Version":"v1.0.0","Time":"2024-01-01T00:00:00Z"}' > go/example.org/words/@v/v1.0.0.info
printf 'module example.org/words\n\ngo 1.19\n' > go/example.org/words/@v/v1.0.0.mod
mv go.zip go/example.org/words/@v/v1.0.0.zip

# A package of Debian's kind, with a service, a configuration file, and scripts of its own.
mkdir -p debian deb/DEBIAN deb/usr/bin deb/usr/lib/systemd/system deb/etc/profile.d deb/etc/cron.daily
printf 'Package: greeter\nVersion: 1.0\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: says hello\n' > deb/DEBIAN/control
printf '/etc/greeter.conf\n/etc/profile.d/greeter.sh\n/etc/cron.daily/greeter\n' > deb/DEBIAN/conffiles
printf '#!/bin/sh\nset -e\nldconfig\nupdate-alternatives --install /usr/bin/hello hello /usr/bin/greeter 10\n' > deb/DEBIAN/postinst
printf '#!/bin/sh\necho hello\n' > deb/usr/bin/greeter
printf '[Service]\nExecStart=/usr/bin/greeter\n[Install]\nWantedBy=multi-user.target\n' > deb/usr/lib/systemd/system/greeter.service
echo 'word=hello' > deb/etc/greeter.conf
echo 'export GREETER=1' > deb/etc/profile.d/greeter.sh
printf '#!/bin/sh\nexit 0\n' > deb/etc/cron.daily/greeter
chmod 755 deb/DEBIAN/postinst deb/usr/bin/greeter deb/etc/cron.daily/greeter
dpkg-deb --root-owner-group -b deb debian/greeter.deb > /dev/null
(cd debian; dpkg-deb -f greeter.deb; echo "Filename: ./greeter.deb
Size: $(stat -c %s greeter.deb)
SHA256: $(sha256sum greeter.deb | cut -d ' ' -f 1)") > debian/Packages

# Repositories: a library of Rust, and one that has it as a submodule.
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git config --global init.defaultBranch main
git config --global protocol.file.allow always
commit() { git -C "$1" add .; git -C "$1" commit -qm "$2"; }
mkdir -p git words/src
git init -q words
printf '[package]\nname = "words"\nversion = "1.0.0"\nedition = "2021"\n' > words/Cargo.toml
printf "pub fn hello() -> &'static str {\n    \"hello\"\n}\n" > words/src/lib.rs
commit words first
git clone -q --bare words git/words.git
git init -q app
git -C app submodule --quiet add "$PWD/git/words.git" words
git -C app config -f .gitmodules submodule.words.url ../words.git
printf 'export const  a = [1,2\n,3]\n' > app/a.js
commit app first
git clone -q --bare app git/app.git
for one in git/*.git; do git -C $one update-server-info; done

