import { useParams } from 'react-router'

/** The organisation that the address names. */
export function useOrganisation(): string {
  const { org } = useParams()
  if (org === undefined) throw new Error('This page is of no organisation')
  return org
}
