import { afterAll, beforeAll, expect, test } from 'vitest'
import { programs } from '../../agent/test/harden/stage.ts'
import { curl, HttpsRig, url } from './https-rules-rig.ts'
import { Place } from './runwarden.ts'

/** Of the lab's runner alone: the machine has no sudo. */
const install = `set -e
  cp /etc/resolv.conf "$2"
  mount -t overlay -o "lowerdir=$1/usr:/usr" sudo /usr
  mount -t overlay -o "lowerdir=$1/etc:/etc" sudo /etc
  mount --bind "$2" /etc/resolv.conf`

let rig: HttpsRig
let place: Place
beforeAll(async () => {
  rig = await HttpsRig.start()
  place = new Place()
  const args = ['-c', install, 'sh', await programs(), place.at('resolv.conf')]
  const { status, stderr } = await rig.lab.runner.exec('sh', args)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
}, 300_000)
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

test('a program under sudo: what is allowed arrives, what is not never does, and the job goes on', async () => {
  const { arrived, told, stdout } = await rig.attempt(
    `sudo ${curl} -k ${url}/repos/acme/shop; echo $?; sudo ${curl} -k ${url}/evil; echo $?`,
  )
  expect({ arrived, told, stdout }).toEqual({
    arrived: ['GET api.example.com/repos/acme/shop'],
    told: ['allowed GET api.example.com/repos/acme/shop', 'blocked GET api.example.com/evil'],
    stdout: '0\n137\n',
  })
}, 120_000)
