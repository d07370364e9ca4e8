/** One library, for the operator: its state, limits, backups, keys and audit; never a word of what is in it. */
import { useEffect, useState } from 'preact/hooks'
import { getAllowance, getHealth, getTenant, listAudit } from '../api/admin.ts'
import { messageOf } from '../api/http.ts'
import type { Tenant } from '../api/types-admin.ts'
import { formatBytes, formatCount, formatDate, formatTime } from '../lib/format.ts'
import { type AdminRoute, adminRoute } from '../lib/route.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'
import { Link } from './link.tsx'
import { TenantActions } from './tenant-actions.tsx'
import { KeyList, SnapshotList } from './tenant-lists.tsx'
import { useAsked } from './use-asked.ts'

const words = strings.admin.tenant

export function AdminTenant({ route }: { route: AdminRoute }) {
  const user = route.tenant
  const { value, problem } = useAsked(() => getTenant(user), [user])
  const [changed, setChanged] = useState<Tenant>()
  const [times, setTimes] = useState(0)
  const tenant = changed ?? value
  useEffect(() => {
    document.title = `${user} · ${strings.appName}`
  }, [user])
  const onChange = (to: Tenant): void => {
    setChanged(to)
    setTimes(times + 1)
  }
  return (
    <div class="admin">
      <p class="way-back">
        <Link to={adminRoute('')} class="button plain">
          <Icon name="back" />
          {words.back}
        </Link>
      </p>
      <div class="heading">
        <h1>
          <bdi>{user}</bdi>
        </h1>
        {tenant && (
          <span class={tenant.state === 'active' ? 'state is-good' : 'state is-bad'} role="status">
            {strings.admin.states[tenant.state]}
            {tenant.until !== null && ` ${strings.admin.until(formatTime(tenant.until))}`}
          </span>
        )}
      </div>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {tenant && (
        <>
          <dl class="facts">
            <div>
              <dt>{words.directory}</dt>
              <dd>{tenant.tenant}</dd>
            </div>
            <div>
              <dt>{words.since}</dt>
              <dd>{formatDate(tenant.created_at)}</dd>
            </div>
          </dl>
          <TenantActions tenant={tenant} onChange={onChange} />
          <Health user={user} />
          <Limits user={user} />
          <SnapshotList user={user} />
          <KeyList user={user} />
          <Audit user={user} times={times} />
        </>
      )}
    </div>
  )
}

function Health({ user }: { user: string }) {
  const [said, setSaid] = useState('')
  const [problem, setProblem] = useState('')
  const look = async (): Promise<void> => {
    setSaid('')
    setProblem('')
    try {
      const { problem } = await getHealth(user)
      if (problem) setProblem(problem.detail)
      else setSaid(words.healthy)
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  return (
    <section class="card" aria-labelledby="health">
      <div class="heading">
        <h2 id="health">{words.health}</h2>
        <button type="button" onClick={() => void look()}>
          {words.checkHealth}
        </button>
      </div>
      <p role="status">{said}</p>
      <p class="problem" role="alert">
        {problem}
      </p>
    </section>
  )
}

function Limits({ user }: { user: string }) {
  const { value, problem } = useAsked(() => getAllowance(user), [user])
  const text = (name: string, limit: number | boolean | null): string => {
    if (limit === null) return words.noLimit
    if (typeof limit === 'boolean') return limit ? words.yes : words.no
    return name.endsWith('bytes') ? formatBytes(limit) : formatCount(limit)
  }
  return (
    <section class="card" aria-labelledby="limits">
      <h2 id="limits">{words.limits}</h2>
      {problem !== '' && <p class="quiet">{words.limitsHidden}</p>}
      {value && (
        <dl class="limits">
          <div>
            <dt>{words.tier}</dt>
            <dd>{value.tier}</dd>
          </div>
          {Object.entries(value.limits).map(([name, limit]) => (
            <div key={name}>
              <dt>{name.replaceAll('_', ' ')}</dt>
              <dd>{text(name, limit)}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  )
}

/** @param times how often something was done here: each is a row more */
function Audit({ user, times }: { user: string; times: number }) {
  const { value, problem, again } = useAsked(() => listAudit(user), [user, times])
  return (
    <section class="card">
      <div class="heading">
        <h2>{words.audit}</h2>
        <button type="button" onClick={again}>
          {words.refresh}
        </button>
      </div>
      <p class="problem" role="alert">
        {problem}
      </p>
      {value?.length === 0 && <p class="quiet">{words.noAudit}</p>}
      {value && value.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and only what has the focus scrolls by key
        <section class="table-frame" tabIndex={0} aria-label={words.audit}>
          <table>
            <thead>
              <tr>
                {Object.values(words.auditColumns).map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {value.map((row) => (
                <tr key={row.seq}>
                  <td>{formatTime(row.at)}</td>
                  <td>{row.action}</td>
                  <td>
                    <bdi>{row.user ?? row.actor}</bdi>
                  </td>
                  <td>{row.outcome}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  )
}
