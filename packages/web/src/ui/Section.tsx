import type { ReactNode } from 'react'
import { grouped } from '@runwarden/report/view'

interface Props {
  id: string
  title: string
  count?: number
  /** What the section tells, in a sentence. */
  about?: string
  children: ReactNode
}

/** A region of the page with its heading, reached from the navigation by its id. */
export function Section({ id, title, count, about, children }: Props) {
  return (
    <section id={id} aria-labelledby={`${id}-title`} tabIndex={-1}>
      <h2 id={`${id}-title`}>
        {title} {count !== undefined && <span className="count">{grouped(count)}</span>}
      </h2>
      {about !== undefined && <p className="about">{about}</p>}
      {children}
    </section>
  )
}

export function Nothing({ children }: { children: ReactNode }) {
  return <p className="nothing">{children}</p>
}
