/** Runs on the stage: an account has put files of its own where root trusts what lies there. */
import { groupsOf } from '../../src/harden/confinement.ts'
import { hardenMachine, restoreMachine } from '../../src/harden/machine.ts'
import { placeChanges } from '../../src/harden/place-changes.ts'
import { ChangeRecord } from '../../src/harden/record.ts'
import type { Change } from '../../src/harden/changes.ts'
import { findAccount } from '../../src/launcher.ts'
import { makeAccount, sh } from './account.ts'

process.env['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin'
await makeAccount()
const folder = '/usr/share/polkit-1/rules.d'
const own = `${folder}/own`
const record = '/var/lib/harden/record'
const subject = { ...findAccount('ci'), groups: groupsOf('ci') }
const result: Record<string, unknown> = {}

const asAccount = (script: string): string =>
  sh(`setpriv --reuid=ci --regid=ci --clear-groups sh -ec '${script}'`)
const accessAt = (path: string): string => sh(`stat -c '%u %a' ${path}`).trim()

async function harden(): Promise<string> {
  try {
    return (await hardenMachine({ level: 'sudo', user: 'ci', record })).join('; ')
  } catch (error) {
    return `${(error as { code?: string }).code}: ${String(error)}`
  }
}

/** Makes the changes to places one by one. @returns what stopped it */
function shutPlaces(
  changes: ChangeRecord,
  before: (change: Change & { path: string }) => void,
): string {
  try {
    for (const change of placeChanges(subject)) {
      if ('path' in change) before(change)
      changes.make(change)
    }
    return ''
  } catch (error) {
    return String(error)
  }
}

asAccount(`cp /bin/true ${own}; chmod 4755 ${own}`)
result['setuid armed'] = await harden()
result['setuid'] = accessAt(own)
const kinds = ChangeRecord.open(record).changes.filter(
  ({ kind, ...rest }) => kind === 'nosuid' || ('path' in rest && rest.path === own),
)
result['order'] = [...new Set(kinds.map(({ kind }) => kind))]
result['setuid restored'] = restoreMachine(record)
result['setuid after'] = accessAt(own)

sh('chmod 777 /usr/local/lib; rm -rf /usr/local/lib/systemd')
result['missing armed'] = await harden()
result['missing made'] = sh(
  'setpriv --reuid=ci --regid=ci --clear-groups mkdir /usr/local/lib/systemd 2>&1 || true',
)
result['missing restored'] = restoreMachine(record)
result['missing after'] = accessAt('/usr/local/lib')
sh('ln -s /home/ci/x.service /etc/cron.d/led')
result['led'] = await harden()
sh(
  'mkdir /srv/units; echo x > /srv/units/x; chmod 666 /srv/units/x; ln -sf /srv/units/x /etc/cron.d/led',
)
result['led to'] = await harden()
result['led to file'] = accessAt('/srv/units/x')
result['led restored'] = [...restoreMachine(record), accessAt('/srv/units/x')]
sh('rm /etc/cron.d/led')

asAccount(
  `cp /bin/true ${folder}/linked; chmod 4755 ${folder}/linked; ln ${folder}/linked /home/ci/other`,
)
result['linked'] = await harden()
result['linked after'] = accessAt(`${folder}/linked`)
restoreMachine(record)
sh(`rm ${folder}/linked`)

asAccount(`touch ${folder}/late; chmod 644 ${folder}/late`)
const linked = ChangeRecord.open(record)
result['linked meanwhile'] = shutPlaces(linked, ({ path }) => {
  if (path === `${folder}/late`) sh(`ln ${path} /home/ci/late`)
})
linked.undo()
result['linked meanwhile after'] = accessAt(`${folder}/late`)
sh(`rm ${folder}/late`)

// What is put in a file's place between the look at it and the change.
sh('cp /bin/true /srv/victim && chmod 700 /srv/victim')
for (const [name, put] of [
  ['link', `ln -s /srv/victim ${own}`],
  ['file', `mv /srv/victim ${own} && ln ${own} /srv/victim`],
] as const) {
  const changes = ChangeRecord.open(record)
  result[`${name} made`] = shutPlaces(changes, ({ path }) => {
    if (path === own) sh(`rm ${own} && ${put}`)
  })
  result[`${name} undone`] = changes.undo()
  result[`${name} victim`] = accessAt('/srv/victim')
  sh(`rm -f ${own} ${record}`)
  asAccount(`cp /bin/true ${own}; chmod 4755 ${own}`)
}

// … and between the change and its end. The victim looks as what was changed would.
sh('chmod 755 /srv/victim && chgrp ci /srv/victim')
const since = ChangeRecord.open(record)
shutPlaces(since, () => {})
sh(`rm ${own} && ln -s /srv/victim ${own}`)
result['since undone'] = since.undo()
result['since victim'] = accessAt('/srv/victim')
sh(`rm -f ${own} ${record}`)

const late = ChangeRecord.open(record)
shutPlaces(late, ({ path }) => {
  if (path === folder) asAccount(`umask 022; touch ${folder}/late`)
})
result['late'] = accessAt(`${folder}/late`)
const paths = late.changes.map((change) => ('path' in change ? change.path : ''))
result['folder'] = paths.indexOf(folder) < paths.indexOf(`${folder}/late`)
late.undo()

asAccount(`cd ${folder}; seq 20001 | xargs touch`)
result['many'] = await harden()
console.log(JSON.stringify(result))
process.exit(0)
