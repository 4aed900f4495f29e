import { createContext, use } from 'react'
import type { operations } from '@runwarden/api'

/** Who is signed in, and what of. */
export type Me = operations['getV1Me']['responses'][200]['content']['application/json']

export const MeContext = createContext<Me | null>(null)

export function useMe(): Me {
  const me = use(MeContext)
  if (me === null) throw new Error('A part of the app stands outside of the session')
  return me
}

const order = ['viewer', 'editor', 'admin'] as const

/** Whether the person may do what a role may, in an organisation; null: with what is the server's own. */
export function useMay(org: string | null, role: (typeof order)[number]): boolean {
  const { operator, organisations } = useMe()
  if (org === null) return operator
  const found = organisations.find(({ name }) => name.toLowerCase() === org.toLowerCase())
  return found !== undefined && order.indexOf(found.role) >= order.indexOf(role)
}
