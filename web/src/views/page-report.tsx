/** What was read of each page of a document: asked for when it is opened. */
import { useState } from 'preact/hooks'
import { getReport } from '../api/documents.ts'
import { messageOf } from '../api/http.ts'
import type { PageReport } from '../api/types.ts'
import { formatCount, languageName } from '../lib/format.ts'
import { strings } from '../strings.ts'

const words = strings.report

export function PageReportList({ id }: { id: string }) {
  const [parts, setParts] = useState<readonly PageReport[]>([])
  const [problem, setProblem] = useState('')
  const load = async (cursor: string | null): Promise<void> => {
    try {
      const part = await getReport(id, cursor)
      setParts((now) => [...now, part])
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  const [first] = parts
  const next = parts.at(-1)?.next_cursor ?? null
  const pages = parts.flatMap(({ items }) => items)
  return (
    <details
      class="report"
      onToggle={(event) => event.currentTarget.open && !first && void load(null)}
    >
      <summary>{words.title}</summary>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {!first && problem === '' && <p class="quiet">{words.loading}</p>}
      {first?.report?.summary && <p>{first.report.summary}</p>}
      {first && pages.length === 0 && <p class="quiet">{words.none}</p>}
      {pages.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and only what has the focus scrolls by key
        <section class="table-frame" tabIndex={0} aria-label={words.title}>
          <table>
            <thead>
              <tr>
                <th scope="col">{words.page}</th>
                <th scope="col">{words.source}</th>
                <th scope="col">{words.language}</th>
                <th scope="col" class="number">
                  {words.characters}
                </th>
              </tr>
            </thead>
            <tbody>
              {pages.map((page) => (
                <tr key={page.page}>
                  <th scope="row">{page.label ?? page.page}</th>
                  <td>
                    {words.sources[page.source]}
                    {page.is_suspicious && <span class="problem"> {words.suspicious}</span>}
                  </td>
                  <td>{page.language === 'und' ? '' : languageName(page.language)}</td>
                  <td class="number">{formatCount(page.characters)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {next !== null && (
        <button type="button" onClick={() => void load(next)}>
          {words.more}
        </button>
      )}
    </details>
  )
}
