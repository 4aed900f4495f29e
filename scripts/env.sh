# Sourced by the scripts: `root` (of the checkout) and Node 24 or newer, the one that the project
# brings before the machine's, first in PATH.
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
case $(uname -m) in
  aarch64 | arm64) arch=arm64 ;;
  *) arch=x64 ;;
esac
# What the machine itself has; bootstrap's npm runs on its node.
machine_path=$PATH
PATH=$root/node_modules/node-linux-$arch/bin:$root/node_modules/.bin:$PATH
export PATH
cd "$root" || exit 1

say() { printf 'runwarden: %s\n' "$*" >&2; }
