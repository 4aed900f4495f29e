import { useRouterAddress } from './router-address.ts'
import { periods, periodWords, usePeriod, type Period } from './period.ts'

/** Which time the page is of. */
export function PeriodChoice({ otherwise = '7d' }: { otherwise?: Period }) {
  const chosen = usePeriod(otherwise)
  const { set } = useRouterAddress()
  return (
    <fieldset className="filter">
      <legend className="unseen">Period</legend>
      {periods.map((period) => (
        <button
          key={period}
          type="button"
          aria-pressed={period === chosen}
          onClick={() => set({ period: period === otherwise ? null : period })}
        >
          {periodWords[period]}
        </button>
      ))}
    </fieldset>
  )
}
