import { CompletionContext } from '@codemirror/autocomplete'
import { EditorState } from '@codemirror/state'
import { policyKeys } from '@runwarden/policy/document'
import { expect, test } from 'vitest'
import { completing, keys } from '../../src/app/pages/policies/completion.ts'

const complete = completing((part) =>
  Promise.resolve([{ host: `found-${part}.example.org`, jobs: 2 }]),
)

/** What is offered at the end of a text. */
async function at(text: string): Promise<string[]> {
  const context = new CompletionContext(EditorState.create({ doc: text }), text.length, true)
  return (await complete(context))?.options.map(({ label }) => label) ?? []
}

test('every key of a policy can be completed, and nothing else', () => {
  expect(Object.keys(keys)).toEqual([...policyKeys])
})

test.each([
  ['eg', ['egress']],
  ['egress: ', ['block', 'audit']],
  ['version: 1\nfail-mode: c', ['closed', 'open']],
  ['allow:\n  - reg', ['found-reg.example.org', 'endpoint', 'https']],
  ['allow: [reg', ['found-reg.example.org', 'endpoint', 'https']],
  ['allow:\n  - endpoint: reg', ['found-reg.example.org']],
  ['presets: [git', ['github-actions']],
  ['lockdown:\n  - ', ['reverse-shell']],
  ['allow:\n  - endpoint: a.example\n    st', ['steps']],
])('at %j', async (text, offered) => {
  expect(await at(text)).toEqual(expect.arrayContaining(offered))
})

test('what is offered for a host is asked with what was typed of it', async () => {
  expect(await at('allow:\n  - "*.cdn')).toContain('found-*.cdn.example.org')
})
