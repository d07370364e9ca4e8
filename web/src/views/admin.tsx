/** The operator's screen: the server at this moment, its requests, every library, and what the doctor says. */
import '../styles/admin.css'
import { useEffect, useMemo } from 'preact/hooks'
import type { ServerFigures } from '../api/types-admin.ts'
import { useStore } from '../base/store.ts'
import { requestBars } from '../lib/admin-figures.ts'
import { formatBytes, formatCount } from '../lib/format.ts'
import type { AdminRoute } from '../lib/route.ts'
import { adminFigures, followServer, loadTenants } from '../state/admin.ts'
import { strings } from '../strings.ts'
import { AdminTenant } from './admin-tenant.tsx'
import { AdminTenants } from './admin-tenants.tsx'
import { Bars, Lines } from './chart.tsx'
import { Findings } from './findings.tsx'

const words = strings.admin
const barsShown = 30
/** The widest that is filled: an hour, half of it, five minutes. */
const minutesShown = [60, 30, 5] as const

export function AdminScreen({ route }: { route: AdminRoute }) {
  const { server, problem } = useStore(adminFigures)
  useEffect(followServer, [])
  useEffect(() => void loadTenants(), [])
  if (!server)
    return (
      <>
        <h1>{words.title}</h1>
        {problem === '' ? (
          <p class="quiet">{words.loading}</p>
        ) : (
          <>
            <p class="problem" role="alert">
              {problem}
            </p>
            <p>{words.noAccess}</p>
          </>
        )}
      </>
    )
  if (route.tenant !== '') return <AdminTenant key={route.tenant} route={route} />
  return (
    <div class="admin">
      <div class="heading">
        <h1>{words.title}</h1>
        <span class={server.ready ? 'state is-good' : 'state is-bad'} role="status">
          {server.ready ? words.ready : words.notReady}
        </span>
        <span class="quiet">{words.version(server.version)}</span>
      </div>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <Figures server={server} />
      <Traffic />
      <AdminTenants route={route} />
      <Findings />
    </div>
  )
}

function Figures({ server }: { server: ServerFigures }) {
  const { figures } = words
  const { shards } = server
  const sum = (of: (shard: (typeof shards)[number]) => number): number =>
    shards.reduce((total, shard) => total + of(shard), 0)
  const [hits, opens] = [sum(({ hits }) => hits), sum(({ opens }) => opens)]
  const tiles: [string, string][] = [
    [figures.uptime, words.uptime(server.uptime_s)],
    [figures.memory, formatBytes(server.memory_bytes)],
    [figures.tenants, formatCount(server.tenants)],
    [figures.stores, formatCount(sum(({ open }) => open))],
    [figures.hits, hits + opens === 0 ? '–' : words.percent(hits / (hits + opens))],
    [figures.waiting, formatCount(sum(({ waiting }) => waiting))],
    [figures.jobs, formatCount(server.jobs_running)],
    [figures.queued, formatCount(server.tenants_with_jobs)],
    [figures.vectors, formatCount(server.vectors_pending)],
    [figures.answers, formatCount(server.answers_running)],
  ]
  return (
    <>
      <dl class="tiles">
        {tiles.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <dl class="checks">
        {Object.entries(server.checks).map(([name, said]) => (
          <div key={name}>
            <dt>{words.checkNames[name] ?? name}</dt>
            <dd class={said === 'ok' ? 'is-good' : undefined}>{said}</dd>
          </div>
        ))}
      </dl>
      <details class="shards">
        <summary>{words.shards}</summary>
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">{words.shards}</th>
                {Object.values(words.shardColumns).map((name) => (
                  <th key={name} scope="col" class="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shards.map((shard, at) => (
                <tr key={at}>
                  <th scope="row">{words.shard(at + 1)}</th>
                  {(Object.keys(words.shardColumns) as (keyof typeof words.shardColumns)[]).map(
                    (name) => (
                      <td key={name} class="number">
                        {formatCount(shard[name])}
                      </td>
                    ),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  )
}

function Traffic() {
  const { requests } = useStore(adminFigures)
  const { bars, minutes } = useMemo(() => {
    const nowMs = Date.now()
    const oldest = requests.at(-1)
    const seenMinutes = oldest ? (nowMs - Date.parse(oldest.at)) / 60_000 : 0
    const minutes = minutesShown.find((one) => one <= seenMinutes) ?? 5
    return {
      minutes,
      bars: requestBars(requests, nowMs, (minutes * 60_000) / barsShown, barsShown),
    }
  }, [requests])
  const total = bars.reduce((sum, bar) => sum + bar.requests, 0)
  const failed = bars.reduce((sum, bar) => sum + bar.failed, 0)
  const whole = useMemo(() => {
    const nowMs = Date.now()
    return requestBars(requests, nowMs, minutes * 60_000, 1)[0]
  }, [requests, minutes])
  return (
    <section class="card traffic" aria-labelledby="traffic">
      <h2 id="traffic">
        {words.traffic} <span class="quiet">{words.span(minutes)}</span>
      </h2>
      {total === 0 ? (
        <p class="quiet">{words.noRequests}</p>
      ) : (
        <div class="charts">
          <figure>
            <figcaption>
              {words.rate}: <strong>{words.rateNow(total / minutes)}</strong>
              {failed > 0 && <span class="problem"> {words.failures(failed)}</span>}
            </figcaption>
            <Bars
              label={words.rate}
              values={bars.map((bar) => bar.requests)}
              failed={bars.map((bar) => bar.failed)}
            />
          </figure>
          <figure>
            <figcaption>
              {words.latency}:{' '}
              <strong>{words.latencyNow(whole?.medianMs ?? null, whole?.slowMs ?? null)}</strong>
            </figcaption>
            <Lines
              label={words.latency}
              lines={[bars.map((bar) => bar.medianMs), bars.map((bar) => bar.slowMs)]}
            />
          </figure>
        </div>
      )}
    </section>
  )
}
