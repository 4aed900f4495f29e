import type { ComponentType } from 'react'
import type { paths, patterns } from './paths.ts'

/** A page: each area has a list of them in `pages/<area>/routes.ts`. */
export interface PageRoute {
  /** Of `paths.ts`. */
  at: keyof typeof patterns
  /** For the window's title, and for who is told that the page changed. */
  title: string
  /** The module whose default export is the page; it is loaded when somebody goes there. */
  load: () => Promise<{ default: ComponentType }>
  /** Where it stands in the navigation on the left; without, it is reached from other pages. */
  navigation?: {
    label: string
    /** From the top; areas count by tens. */
    order: number
    /** `g` and then this goes there. */
    key: string
    to: (typeof paths)[keyof typeof paths] & ((org: string) => string)
  }
  /** Where it stands among the places of the server itself. */
  serverNavigation?: {
    label: string
    order: number
    to: (typeof paths)[keyof typeof paths] & (() => string)
  }
}
