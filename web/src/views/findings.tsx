/** What the doctor says of settings and machine: what is wrong first, with what to do. */
import { useEffect, useState } from 'preact/hooks'
import { getFindings } from '../api/admin.ts'
import { messageOf } from '../api/http.ts'
import type { Finding } from '../api/types-admin.ts'
import { strings } from '../strings.ts'

const words = strings.admin

export function Findings() {
  const [findings, setFindings] = useState<readonly Finding[]>()
  const [problem, setProblem] = useState('')
  const look = async (): Promise<void> => {
    setFindings(undefined)
    try {
      setFindings(await getFindings())
      setProblem('')
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  useEffect(() => void look(), [])
  const bad = findings?.filter(({ level }) => level !== 'ok') ?? []
  const good = findings?.filter(({ level }) => level === 'ok') ?? []
  return (
    <section class="card" aria-labelledby="findings">
      <div class="heading">
        <h2 id="findings">{words.findings}</h2>
        <button type="button" onClick={() => void look()}>
          {words.findAgain}
        </button>
      </div>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {!findings && problem === '' && <p class="quiet">{words.loading}</p>}
      <ul class="findings">
        {bad.map((one) => (
          <li key={one.check + one.what}>
            <p>
              <span class="state is-bad">{words.levels[one.level]}</span>{' '}
              <strong>{one.check}</strong>: {one.what}
            </p>
            {one.remedy !== null && <p class="quiet">→ {one.remedy}</p>}
          </li>
        ))}
      </ul>
      {findings && bad.length === 0 && <p>{words.allGood(good.length)}</p>}
      {good.length > 0 && bad.length > 0 && (
        <details>
          <summary>{words.goodOnes(good.length)}</summary>
          <ul class="findings">
            {good.map((one) => (
              <li key={one.check + one.what}>
                <strong>{one.check}</strong>: {one.what}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}
