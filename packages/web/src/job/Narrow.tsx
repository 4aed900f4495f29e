import { SearchBox } from '../ui/SearchBox.tsx'
import { useAddressed } from './address.ts'
import { verdicts as all } from './narrowing.ts'

interface Props {
  label: string
  /** What is left, in words. */
  found: string
  /** Its rows have verdicts, by which they are narrowed. */
  verdicts?: boolean
}

/** The search and the verdicts above a tab's list, both kept in the address. */
export function Narrow({ label, found, verdicts = false }: Props) {
  const [search, setSearch] = useAddressed('search')
  const [verdict, setVerdict] = useAddressed('verdict', all)
  return (
    <div className="tools">
      <SearchBox
        label={label}
        value={search ?? ''}
        onChange={(value) => setSearch(value === '' ? null : value)}
        found={found}
      />
      {verdicts && (
        <fieldset className="filter">
          <legend className="unseen">Verdict</legend>
          {all.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === verdict}
              onClick={() => setVerdict(one === verdict ? null : one)}
            >
              {one}
            </button>
          ))}
        </fieldset>
      )}
    </div>
  )
}
