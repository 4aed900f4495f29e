import { Fragment, useEffect, useRef } from 'react'
import { useNavigate, useParams } from 'react-router'
import { pages } from '../pages/index.ts'
import { paletteKeys } from '../palette/GoTo.tsx'

const places = pages.flatMap(({ navigation }) => (navigation === undefined ? [] : [navigation]))

/** How long a `g` waits for its second key, milliseconds. */
const patience = 1500

/** Keys that go somewhere: `g` and a letter, `/` to the page's search, `?` for the list of them. */
export function Shortcuts() {
  const { org } = useParams()
  const navigate = useNavigate()
  const help = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    // When `g` was pressed, in the page's own time: that begins at 0, so no 0 stands for never.
    let since = Number.NEGATIVE_INFINITY
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return
      if (event.key === '?') {
        event.preventDefault()
        help.current?.showModal()
        return
      }
      if (event.key === '/') {
        const search = document.querySelector<HTMLElement>('main input[type=search]')
        if (search !== null) {
          event.preventDefault()
          search.focus()
        }
        return
      }
      if (event.key === 'g') {
        since = event.timeStamp
        return
      }
      const place =
        event.timeStamp - since < patience ? places.find(({ key }) => key === event.key) : undefined
      since = Number.NEGATIVE_INFINITY
      if (place === undefined || org === undefined) return
      event.preventDefault()
      void navigate(place.to(org))
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [navigate, org])
  return (
    <dialog ref={help} aria-labelledby="keys-title" className="keys">
      <h2 id="keys-title">Keys</h2>
      <dl>
        {places.map(({ key, label }) => (
          <div key={key}>
            <dt>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
        <div>
          <dt>
            {paletteKeys.map((key) => (
              <Fragment key={key}>
                <kbd>{key}</kbd>{' '}
              </Fragment>
            ))}
          </dt>
          <dd>Go to a page, repository, run or job</dd>
        </div>
        <div>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>Search on this page</dd>
        </div>
        <div>
          <dt>
            <kbd>?</kbd>
          </dt>
          <dd>This list</dd>
        </div>
      </dl>
      <form method="dialog">
        <button>Close</button>
      </form>
    </dialog>
  )
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
}
