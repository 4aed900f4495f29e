import { expect, test } from 'vitest'
import { hasBase64 } from '../src/base64.ts'
import { scriptOf } from '../src/script.ts'

test.each<[exe: string, argv: string, script: string]>([
  ['/usr/bin/node', 'node /usr/bin/npm ci', '/usr/bin/npm'],
  ['/usr/bin/node', 'node --no-warnings -r ./hook.js steal.js aws', 'steal.js'],
  ['/usr/bin/node', 'node -e code npm', ''],
  ['/usr/bin/node', 'node - npm', ''],
  ['/usr/bin/node', 'node', ''],
  ['/usr/bin/python3.12', 'python3 -sm azure.cli login', 'azure.cli'],
  ['/usr/bin/python3', 'python3 -W ignore -mpip install x', 'pip'],
  ['/usr/bin/python3', 'python3 -Wm steal.py', 'steal.py'],
  ['/usr/bin/python3', 'python3 -Ic code pip', ''],
  ['/usr/bin/php8.2', 'php -d memory_limit=-1 /usr/bin/composer update', '/usr/bin/composer'],
  ['/usr/bin/bun', 'bun steal.js', 'steal.js'],
  ['/usr/bin/bun', 'bun install', 'bun install'],
  ['/usr/bin/bun', 'bun ./install', './install'],
  ['/usr/bin/java', 'java -cp a.jar:b.jar --add-opens java.base/x=y org.x.Main aws', 'org.x.Main'],
  ['/usr/bin/java', 'java @args -Xmx1g -jar /x/sbt-launch.jar test', '/x/sbt-launch.jar'],
  ['/usr/bin/dotnet', 'dotnet restore app.sln', 'dotnet restore'],
  ['/usr/bin/dotnet', 'dotnet exec --depsfile x.json /x/MSBuild.dll', '/x/MSBuild.dll'],
  ['/usr/bin/bash', 'bash npm', ''],
  ['/tmp/constructor', 'constructor npm', ''],
])('%s is told to run, by %s: %s', (exe, argv, script) => {
  expect(scriptOf(exe, argv.split(' '))).toBe(script)
})

const run = Buffer.from('HOME=/root PATH=/bin TOKEN=xyz '.repeat(9)).toString('base64')

test.each<[text: string, has: boolean]>([
  [`http://a.test/${run}`, true],
  [`http://a.test/?d=${encodeURIComponent(run)}`, true],
  [run.replaceAll(/.{76}/g, '$&\n'), true],
  [Buffer.from(run).toString('hex'), true],
  [run.slice(0, 190), false],
  [`Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.${run}.${run} `, false],
  ['a long text with nothing but words in it, '.repeat(20), false],
])('%s holds base64: %s', (text, has) => {
  expect(hasBase64(text)).toBe(has)
})
