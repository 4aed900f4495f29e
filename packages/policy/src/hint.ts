/** How the reason of a refusal ends that `names: unchecked` would have let pass. */
export const uncheckedHint = '(with "names: unchecked" its policy line lets it pass)'
