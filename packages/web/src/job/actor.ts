import { useAddressed } from './address.ts'
import type { Program } from './rows.ts'

interface Acted {
  programs: readonly Program[]
}

/** Who the address narrows a tab's list to: `?step=…&program=…` */
export function useActor() {
  const [step, setStep] = useAddressed('step')
  const [program, setProgram] = useAddressed('program')
  return { step, setStep, program, setProgram }
}

/** Steps that rows name, in the order in which they appear. */
export const stepsOf = (rows: readonly Acted[]): string[] => named(rows, ({ step }) => step)

/** Programs that rows name, by their paths. */
export const programsOf = (rows: readonly Acted[]): string[] =>
  named(rows, ({ exe }) => exe).toSorted()

function named(rows: readonly Acted[], of: (program: Program) => string | null): string[] {
  const found = new Set<string>()
  for (const { programs } of rows)
    for (const program of programs) {
      const name = of(program)
      if (name !== null && name !== '') found.add(name)
    }
  return [...found]
}
