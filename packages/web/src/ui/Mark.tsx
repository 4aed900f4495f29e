/** Runwarden's sign. */
export function Mark() {
  return (
    <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
      <path
        d="M8 1 2.5 3v4.4c0 3.3 2.2 6 5.5 7.6 3.3-1.6 5.5-4.3 5.5-7.6V3z"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
      />
      <path
        d="m5.4 8 1.9 1.9 3.4-3.6"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
