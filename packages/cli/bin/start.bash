# Sourced by the `runwarden` commands of a checkout and of a bundle. start NODE MAIN [ARGUMENT …] becomes the agent.
#
# What the environment says to node and to the loader (NODE_OPTIONS, LD_PRELOAD) is meant for the command, and would
# change the agent. node raises its limit of descriptors, and takes back that signals are ignored (nohup). All of that
# is put aside here, for the command alone: packages/cli/src/inherited.ts.
start() {
  local node=$1 name key value soft files='' ignored=''
  shift
  # Where standard error was closed, bash has opened its script under that number, and leaves it there.
  if [ /proc/self/fd/2 -ef "$0" ]; then exec 2>/dev/null; fi
  for name in "${!NODE_@}" "${!LD_@}" "${!OPENSSL_@}" "${!UV_@}"; do
    export "RUNWARDEN_ASIDE_$name=${!name}"
    unset "$name"
  done
  {
    while read -r key value name soft _; do
      if [ "$key $value $name" = 'Max open files' ]; then files=$soft; fi
    done </proc/self/limits
    while read -r key value; do
      if [ "$key" = SigIgn: ]; then ignored=$value; fi
    done </proc/self/status
  } 2>/dev/null
  export RUNWARDEN_INHERITED="$files $ignored"
  # The server lives for months beside others. By default the C library keeps an arena for each thread, and large buffers
  # that were freed: with these it gives back what segments took (docs/server.md).
  if [ "${2-}" = server ]; then
    export MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=131072
  fi
  # No flag that says how code is compiled: with one, node compiles its own JavaScript at each start (agent/src/tidy.ts).
  # SIGUSR1 would open node's debugger, by which root of a job could have the agent do anything. `run` hands that signal
  # on to its command, and with the flag nobody gets it: its listener is what keeps the debugger shut.
  if [ "${2-}" != run ]; then
    set -- --disable-sigusr1 "$@"
  fi
  exec "$node" --disable-warning=ExperimentalWarning --max-semi-space-size=2 --v8-pool-size=1 "$@"
}
