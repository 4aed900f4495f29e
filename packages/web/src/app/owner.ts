import { useParams } from 'react-router'

/** Whose something is: an organisation's, by its name, or the server's own (null), and then it holds for all organisations. */
export type Owner = string | null

/** Whose a page is: that of the organisation that the address names, else the server's. */
export const useOwner = (): Owner => useParams()['org'] ?? null
