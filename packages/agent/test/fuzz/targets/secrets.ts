import { madeUpToken } from '@runwarden/lab/tokens'
import { LogText } from '../../../src/secrets/log-text.ts'
import { Scanner } from '../../../src/secrets/scanner.ts'
import { must, type Target } from '../target.ts'

const token = madeUpToken('ghs_', 'Fuzz')
const scanner = new Scanner()
scanner.know([{ name: 'A', value: 'correct horse', masked: false }])

/** A build log, written in two parts: nothing of it may be lost on the way to the scanner. */
export const secrets: Target = {
  name: 'secrets',
  seeds: () => [
    Buffer.from(`2026-01-01T00:00:00.0000000Z token ${token}\nnext\n`),
    Buffer.from(
      `${Buffer.from(Buffer.from(`{"a":"${token}"}`).toString('base64')).toString('base64')}\n`,
    ),
    Buffer.from(
      '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIBuG\n-----END PRIVATE KEY-----\n',
    ),
    Buffer.from('c o r r e c t\n%63orrect horse\n'),
    Buffer.from(
      `{"a":"\\u0063orrect horse\\n\\\\n"}\ntoken_${Buffer.from(token).toString('base64')}\nDone\n`,
    ),
  ],
  words: ['\\n', '\u001b[?25l', 'eyJ', 'AKIA', '-----BEGIN ', '_shg', '\n', '%25', 'ghs_'],
  run: (input) => {
    const log = new LogText()
    const parts = [
      log.add(input.subarray(0, input.length >> 1), false),
      log.add(input.subarray(input.length >> 1), false),
      log.end(),
    ]
    const texts = parts.filter((part) => part !== null)
    const last = texts.at(-1) ?? { text: '', line: 1 }
    const lines = last.line + last.text.split('\n').length - 1
    must(lines === input.toString().split('\n').length, 'all lines come out')
    const found = texts.flatMap(({ text }) => {
      const some = scanner.scan(text, 0)
      for (const { offset } of some)
        must(offset >= 0 && offset <= text.length, 'a place in the text')
      return some
    })
    return [...new Set(found.map(({ kind, form }) => `${kind} ${form}`))].toSorted().join()
  },
}
