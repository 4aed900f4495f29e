import { createContext, use, useEffect } from 'react'

/** Tells those who don't see it that another page is there. */
export const AnnounceContext = createContext<(text: string) => void>(() => {})

/** The window's title; a change of it is announced. */
export function useTitle(title: string): void {
  const announce = use(AnnounceContext)
  useEffect(() => {
    document.title = `${title} · Runwarden`
    announce(title)
  }, [title, announce])
}
