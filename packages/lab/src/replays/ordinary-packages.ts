import type { OrdinaryBuild } from './build.ts'

/** Package managers and compilers of languages, with packages that come over the network. */
export const packageBuilds: readonly OrdinaryBuild[] = [
  {
    name: 'pip install: a wheel, and a package that is built from its source',
    script: `
python3 -m venv --without-pip venv
pip() { python3 -m pip --python venv/bin/python --disable-pip-version-check "$@"; }
pip install -q --index-url "$REGISTRY/pypi/" greeter; pip freeze
test "$(venv/bin/greet)" = hello
pip uninstall -qy greeter`,
  },
  {
    name: 'cargo: a dependency, a build script, tests',
    script: `
export CARGO_HOME="$HOME/cargo" CARGO_NET_GIT_FETCH_WITH_CLI=true
cargo init -q --vcs none --name app
echo "words = { git = '$REGISTRY/git/words.git' }" >> Cargo.toml
echo 'fn main() { std::fs::write(format!("{}/made.rs", std::env::var("OUT_DIR").unwrap()), "const N: u8 = 1;").unwrap(); }' > build.rs
cat > src/main.rs <<'RS'
include!(concat!(env!("OUT_DIR"), "/made.rs"));
fn main() { println!("{} {}", words::hello(), N); }
#[test]
fn children() { assert!(std::process::Command::new("sh").args(["-c", "exit 0"]).status().unwrap().success()); }
RS
cargo run -q; cargo test -q`,
  },
  {
    name: 'go: a module from a proxy, generate, fmt, build, test with servers and shells',
    script: `
export GOPROXY="$REGISTRY/go" GOSUMDB=off GOFLAGS='-trimpath -mod=mod' CGO_ENABLED=0
go mod init example.org/app 2>/dev/null
echo 'echo "package main; const made = 1" > made.go' > generate.sh
echo 'package main
import "example.org/words"
//go:generate sh generate.sh
func main() { println( words.Hello(), made ) }' > main.go
cat > main_test.go <<'GO'
package main
import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"
)
func TestServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	if answer, err := http.Get(server.URL); err != nil || answer.StatusCode != 404 {
		t.Fatal(err)
	}
	if err := exec.Command("sh", "-c", "exit 0").Run(); err != nil {
		t.Fatal(err)
	}
}
GO
go get example.org/words; go generate; gofmt -w .; go build -o app; ./app; go test ./... >/dev/null`,
  },
  {
    name: 'cmake and ninja: configure, build, ctest, install',
    script: `
echo 'cmake_minimum_required(VERSION 3.20)
project(app C)
add_custom_command(OUTPUT made.c COMMAND sh ../generate.sh)
add_library(made STATIC made.c)
add_executable(app main.c)
target_link_libraries(app made)
install(TARGETS app)
enable_testing()
add_test(NAME runs COMMAND app)' > CMakeLists.txt
echo 'echo "int made(void) { return 0; }" > made.c' > generate.sh
echo 'int made(void); int main(void) { return made(); }' > main.c
cmake -G Ninja -B out >/dev/null; cmake --build out; ctest --test-dir out >/dev/null; cmake --install out --prefix there`,
  },
  {
    name: 'apt: a package from a repository, with a service and scripts',
    machine: true,
    script: `
echo "deb [trusted=yes] $REGISTRY/debian ./" | tee /etc/apt/sources.list.d/lab.list
export DEBIAN_FRONTEND=noninteractive
ca='-o Acquire::https::CaInfo=/etc/apt/lab.pem'
apt-get $ca update -qq; apt-get $ca install -qqy --no-install-recommends greeter >/dev/null
test "$(hello)" = hello; dpkg -S /usr/bin/greeter; apt-get purge -qqy greeter >/dev/null`,
  },
]
