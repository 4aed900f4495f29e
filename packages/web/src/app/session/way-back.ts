const key = 'runwarden:way-back'

/** Where somebody wanted to go before they had to sign in; the provider sends them to `/`. In this tab only. */
export function keepWayBack(path: string): void {
  sessionStorage.setItem(key, path)
}

/** Takes it; null: there is none. Only a path of this app is one. */
export function takeWayBack(): string | null {
  const path = sessionStorage.getItem(key)
  sessionStorage.removeItem(key)
  return path !== null && /^\/(?![/\\])/.test(path) ? path : null
}
