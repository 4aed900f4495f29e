import { useEffect, useMemo } from 'react'
import type { Pages } from '../ui/pages.ts'
import type { Rows, View } from './rows.ts'
import { type Narrowing, useRows } from './source.ts'

/** A list of up to so many rows is fetched whole, and then narrowed and sorted here. */
const most = 10_000

/** Rows that fill a window. */
const few = 60

/** A list of the job, narrowed. */
export interface Narrowed<T> extends Pages<T> {
  /** Every row of the list, however it is narrowed, is here: `all` are those that have come. */
  complete: boolean
  all: readonly T[]
}

/**
 * A list that is fetched whole where that is not too much, so that filters and orders work at once; else narrowed by the source,
 * as far as that can (verdict, search), and here.
 * @param fits whether a row is like what the address asks for; it holds all that `narrowing` does
 */
export function useNarrowedRows<V extends View>(
  view: V,
  narrowing: Narrowing,
  fits: (row: Rows[V]) => boolean,
): Narrowed<Rows[V]> {
  const whole = useRows(view)
  const tooMany = whole.rows.length >= most && whole.more !== null
  const complete = whole.more === null && !whole.waiting
  // Until the list is known to be too long the first rows are all that there is to ask for.
  const asked = useRows(view, tooMany ? narrowing : {})
  const list = tooMany ? asked : whole
  const rows = useMemo(() => list.rows.filter((row) => fits(row)), [list.rows, fits])
  const { more, moreComes, busy } = list
  // The source looks through so many rows at a time: that it found few is not to say that there are few. What it can't narrow
  // is looked for in as many as would be fetched.
  const goesOn = more !== null && (!tooMany || (rows.length < few && list.rows.length < most))
  useEffect(() => {
    if (goesOn && !moreComes && !busy) more?.()
  }, [goesOn, more, moreComes, busy])
  return {
    ...list,
    rows,
    waiting: list.waiting || (rows.length === 0 && tooMany && (goesOn || busy)),
    more: tooMany ? more : null,
    complete,
    all: whole.rows,
  }
}
