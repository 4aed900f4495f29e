import { grouped } from '@runwarden/report/view'
import type { Room } from './sections.ts'

export function Navigation({ sections }: { sections: readonly Room[] }) {
  return (
    <nav aria-label="Sections of the report">
      <ul>
        {sections.map(({ id, title, count, alarm }) => (
          <li key={id}>
            <a href={`#${id}`}>
              {title}
              {count !== null && (
                <span className={alarm === true ? 'count alarm' : 'count'}>{grouped(count)}</span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}
