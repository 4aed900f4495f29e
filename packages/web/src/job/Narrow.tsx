import { verdicts as all } from '../ui/alarm.ts'
import { ChoiceButtons } from '../ui/ChoiceButtons.tsx'
import { SearchBox } from '../ui/SearchBox.tsx'
import { useAddressed } from './address.ts'

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
        <ChoiceButtons
          legend="Verdict"
          options={all}
          value={verdict}
          onPress={(one) => setVerdict(one === verdict ? null : one)}
        />
      )}
    </div>
  )
}
