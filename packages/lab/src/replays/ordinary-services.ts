import type { OrdinaryBuild } from './build.ts'

/** Containers, services and repositories elsewhere. */
export const serviceBuilds: readonly OrdinaryBuild[] = [
  {
    name: 'git: a clone with a submodule, formatted, and pushed by ssh',
    script: `
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git clone -q --recurse-submodules "$REGISTRY/git/app.git" app; cd app
git submodule update -q --remote; test -e words/Cargo.toml
oxfmt=$(readlink -f "$TOOLS/oxfmt"); node "$oxfmt" a.js; git diff --stat
git commit -qam formatted
mkdir -m 700 "$HOME/.ssh"; install -m 600 "$DEPLOY_KEY" "$HOME/.ssh/deploy"
eval "$(ssh-agent -s)" >/dev/null; ssh-add -q "$HOME/.ssh/deploy"
host=\${REGISTRY#https://}
ssh-keyscan "$host" > "$HOME/.ssh/known_hosts" 2>/dev/null
export GIT_SSH_COMMAND="ssh -F none -o UserKnownHostsFile=$HOME/.ssh/known_hosts"
git push -q "ssh://root@$host/~/app.git" HEAD:refs/heads/$(basename "$HOME")-$RANDOM
ssh-agent -k >/dev/null; rm -r "$HOME/.ssh"`,
  },
  {
    name: 'tunnels by ssh: to a service elsewhere, and one by which a service elsewhere reaches a test',
    script: `
mkdir -m 700 "$HOME/.ssh"; install -m 600 "$DEPLOY_KEY" "$HOME/.ssh/deploy"
host=\${REGISTRY#https://}
ssh-keyscan "$host" > "$HOME/.ssh/known_hosts" 2>/dev/null
reach() { ssh -F none -i "$HOME/.ssh/deploy" -o "UserKnownHostsFile=$HOME/.ssh/known_hosts" "$@"; }
echo here > page; python3 -m http.server 8099 --bind 127.0.0.1 2>/dev/null & server=$!
until curl -sf http://127.0.0.1:8099/page >/dev/null; do sleep 0.1; done
reach -f -N -M -S "$PWD/control" -o ExitOnForwardFailure=yes -L 18022:127.0.0.1:22 -R 18099:127.0.0.1:8099 "root@$host"
test "$(reach "root@$host" curl -s http://127.0.0.1:18099/page)" = here
ssh-keyscan -p 18022 127.0.0.1 2>/dev/null | grep -q ssh-ed25519
reach -S "$PWD/control" -O exit "root@$host" 2>/dev/null; kill "$server"; rm -r "$HOME/.ssh"`,
  },
  {
    name: 'container images: built in stages, run, used',
    engine: true,
    script: `
echo 'FROM localhost/small:1 AS build
WORKDIR /src
COPY run.sh .
RUN chmod 755 run.sh && mkdir /out && cp run.sh /out/run
FROM localhost/small:1
COPY --from=build /out/run /usr/bin/run
RUN curl -sS https://registry.example.org/go/example.org/words/@v/list > /version && chown 1000 /version
ENTRYPOINT ["/usr/bin/run"]' > Dockerfile
printf '#!/bin/sh\\ncat /version "$@"\\n' > run.sh
podman build -q -t localhost/app:1 . >/dev/null
echo here > file; test "$(podman run --rm -v "$PWD:/w" localhost/app:1 /w/file | tail -1)" = here
podman save -q -o app.tar localhost/app:1; podman rmi -f localhost/app:1 >/dev/null`,
  },
  {
    name: 'services as compose starts them: a network, two containers, an exec, tests against them',
    engine: true,
    script: `
podman network create --subnet 10.89.7.0/24 app >/dev/null
podman run -d --name db --network app localhost/small:1 sh -c 'mkdir /w; echo row > /w/row; exec httpd -f -p 5432 -h /w' >/dev/null
podman run -d --name web --network app -e DB=db localhost/small:1 sh -c 'timeout 60 sh -c "until curl -s http://db:5432/row; do sleep 0.2; done"; exec httpd -f -p 80 -h /etc' >/dev/null
timeout 20 sh -c 'until podman exec web curl -sf http://localhost/hostname >/dev/null; do sleep 0.2; done'
test "$(podman exec web sh -c 'curl -s http://$DB:5432/row')" = row
podman logs web | grep -q row
podman rm -f -t 0 web db >/dev/null; podman network rm app >/dev/null`,
  },
]
