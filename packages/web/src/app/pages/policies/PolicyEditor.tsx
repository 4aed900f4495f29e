import { autocompletion, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint'
import { EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import { plain } from '@runwarden/events/plain'
import type { PolicyProblem } from './checking.ts'
import { completing, type KnownHost } from './completion.ts'

interface Props {
  text: string
  onChange: (text: string) => void
  problems: readonly PolicyProblem[]
  hosts: (part: string) => Promise<readonly KnownHost[]>
}

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--accent)' },
  { tag: tags.comment, color: 'var(--ink-soft)' },
  { tag: [tags.string, tags.content], color: 'var(--ink)' },
  { tag: [tags.keyword, tags.atom, tags.bool, tags.number], color: 'var(--allowed)' },
])

const look = EditorView.theme({
  '&': {
    backgroundColor: 'var(--surface)',
    color: 'var(--ink)',
    border: '1px solid var(--line-strong)',
    borderRadius: '8px',
    fontSize: '13px',
  },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', minHeight: '300px', maxHeight: '62vh' },
  '.cm-gutters': {
    backgroundColor: 'var(--raised)',
    color: 'var(--ink-soft)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground':
    { backgroundColor: 'var(--select)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    color: 'var(--ink)',
    border: '1px solid var(--line-strong)',
    borderRadius: '6px',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--select)',
    color: 'var(--ink)',
  },
  '.cm-completionDetail': { color: 'var(--ink-soft)', fontStyle: 'normal' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--blocked)' },
})

/**
 * The text of a policy. It stands in a root of its own: there the editor's styles are made by script, which the page's policy
 * allows, and not in elements, which it does not.
 */
export function PolicyEditor({ text, onChange, problems, hosts }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const heard = useRef({ onChange, hosts })
  useEffect(() => {
    heard.current = { onChange, hosts }
  }, [onChange, hosts])
  const first = useRef(text)
  useEffect(() => {
    const host = place.current
    if (host === null) return
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
    const made = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: first.current,
        extensions: extensions(
          (now) => heard.current.onChange(now),
          (part) => heard.current.hosts(part),
        ),
      }),
    })
    view.current = made
    return () => {
      view.current = null
      made.destroy()
    }
  }, [])
  // Another text than what was typed: another version, or one that was made.
  useEffect(() => {
    const made = view.current
    if (made !== null && made.state.doc.toString() !== text)
      made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: text } })
  }, [text])
  useEffect(() => {
    const made = view.current
    if (made !== null) made.dispatch(setDiagnostics(made.state, marks(made.state, problems)))
  }, [problems])
  return <div ref={place} className="editor" />
}

const extensions = (
  onChange: (text: string) => void,
  hosts: (part: string) => Promise<readonly KnownHost[]>,
): Extension => [
  lineNumbers(),
  history(),
  drawSelection(),
  yaml(),
  syntaxHighlighting(colours),
  lintGutter(),
  autocompletion({ override: [completing(hosts)] }),
  // The tabulator goes on to the next field, as everywhere.
  keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
  EditorView.lineWrapping,
  EditorView.domEventHandlers({ beforeinput: typedOver }),
  EditorView.contentAttributes.of({ 'aria-label': 'Policy, YAML' }),
  EditorView.updateListener.of(({ docChanged, state }) => {
    if (docChanged) onChange(state.doc.toString())
  }),
  look,
]

/**
 * What is typed over a selection. The browser would keep the colour of what stood there, by an attribute that the page's policy
 * refuses.
 */
function typedOver(event: InputEvent, view: EditorView): boolean {
  const { data, inputType, isComposing } = event
  if (inputType !== 'insertText' || data === null || isComposing) return false
  if (view.state.selection.main.empty) return false
  event.preventDefault()
  view.dispatch(view.state.replaceSelection(data), { userEvent: 'input.type' })
  return true
}

function marks({ doc }: EditorState, problems: readonly PolicyProblem[]): Diagnostic[] {
  return problems.map(({ line, column, length, message }) => {
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines))
    const from = Math.min(at.from + Math.max(0, column - 1), at.to)
    return {
      from,
      to: Math.min(Math.max(from + length, from), at.to),
      severity: 'error',
      message: plain(message, 500),
    }
  })
}
