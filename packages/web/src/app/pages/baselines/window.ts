/** Which jobs, as the API asks for it. */
export interface Window {
  repository?: string
  workflow?: string
  job?: string
  runs?: number
  days?: number
}

const number = (text: string | null, most: number): number | undefined => {
  const value = Number(text ?? Number.NaN)
  return Number.isInteger(value) && value >= 1 && value <= most ? value : undefined
}

/** What of it the API takes together: a job has a workflow and a repository. */
export function windowOf(
  values: Readonly<Record<'repository' | 'workflow' | 'job' | 'runs' | 'days', string | null>>,
): Window {
  const { repository, workflow, job } = values
  const runs = number(values.runs, 1000)
  const days = number(values.days, 3650)
  return {
    ...(repository === null ? {} : { repository }),
    ...(repository === null || workflow === null || job === null ? {} : { workflow, job }),
    ...(runs === undefined ? {} : { runs }),
    ...(days === undefined ? {} : { days }),
  }
}
