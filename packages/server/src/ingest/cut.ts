/** A text's beginning; not with half of a pair of surrogates at its end, by which two texts would be one to SQLite. */
export const cut = (text: string, most: number): string =>
  text.length > most ? text.slice(0, most).toWellFormed() : text
