import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { curl, HttpsRig, url } from './https-rules-rig.ts'
import { Place } from './runwarden.ts'

let rig: HttpsRig
let place: Place
let go: string
beforeAll(async () => {
  rig = await HttpsRig.start()
  place = new Place()
  go = place.at('go-client')
  writeFileSync(place.at('main.go'), goClient)
  const env = { ...process.env, CGO_ENABLED: '0', GOCACHE: place.at('cache') }
  execFileSync('go', ['build', '-ldflags=-s -w', '-o', go, place.at('main.go')], { env })
}, 300_000)
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

const goClient = `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	for _, url := range os.Args[1:] {
		answer, err := http.Get(url)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}
`

test.each<[string, () => string, string]>([
  ['Go, static and stripped', () => `${go} ${url}/repos/acme/shop ${url}/evil`, '/repos/acme/shop'],
  [
    'git (GnuTLS)',
    () => `git ls-remote ${url}/repos/acme/shop.git; git ls-remote ${url}/evil`,
    '/repos/acme/shop.git/info/refs?service=git-upload-pack',
  ],
  [
    'a program under su, which stops itself when its child is stopped',
    () => `su root -c '${curl} ${url}/repos/acme/shop'; ${curl} ${url}/evil`,
    '/repos/acme/shop',
  ],
])(
  '%s: what is allowed arrives, what is not never does',
  async (_, command, path) => {
    const { arrived, told } = await rig.attempt(command())
    expect([...new Set(arrived)]).toEqual([`GET api.example.com${path}`])
    expect(told[0]).toBe(`allowed GET api.example.com${path.replace(/\?.*/, '')}`)
    expect(told.at(-1)).toMatch(/^blocked GET api\.example\.com\/evil/)
  },
  120_000,
)
