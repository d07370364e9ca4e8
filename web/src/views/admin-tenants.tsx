/** Every library with its state and use: searched, sorted, opened one by one. */
import { useMemo, useState } from 'preact/hooks'
import { listSnapshots } from '../api/admin.ts'
import { useStore } from '../base/store.ts'
import {
  shownTenants,
  type TenantRow,
  type TenantSort,
  tenantSorts,
  withUsage,
} from '../lib/admin-figures.ts'
import { formatBytes, formatCount, formatDate } from '../lib/format.ts'
import { type AdminRoute, adminRoute } from '../lib/route.ts'
import { tenants, usageDays } from '../state/admin.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { Link } from './link.tsx'

const words = strings.admin
const rowsStep = 50
/** Copies are looked for on the server's disk: a few at once. */
const lookAtOnce = 4

export function AdminTenants({ route }: { route: AdminRoute }) {
  const { all, usage, isUsageWhole, problem } = useStore(tenants)
  const [rowsMax, setRowsMax] = useState(rowsStep)
  const rows = useMemo(() => withUsage(all, usage), [all, usage])
  const found = useMemo(() => shownTenants(rows, route), [rows, route])
  const shown = found.slice(0, rowsMax)
  const { backups, look } = useBackups()
  return (
    <section class="card">
      <div class="heading">
        <h2>{words.tenants}</h2>
        <span class="quiet" role="status">
          {words.tenantCount(found.length, all.length)}
        </span>
        <button type="button" onClick={() => void look(shown)}>
          {words.lookBackups}
        </button>
      </div>
      <input
        type="search"
        class="wide"
        dir="auto"
        aria-label={words.tenantFilter}
        placeholder={words.tenantFilter}
        value={route.filter}
        onInput={(event) =>
          goTo({ ...route, filter: event.currentTarget.value }, { replace: true })
        }
      />
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and only what has the focus scrolls by key */}
      <section class="table-frame" tabIndex={0} aria-label={words.tenants}>
        <table>
          <thead>
            <tr>
              {tenantSorts.map((sort) => (
                <SortHead key={sort} sort={sort} route={route} />
              ))}
              <th scope="col">{words.backup}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row key={row.tenant} row={row} backup={backups.get(row.user_id)} />
            ))}
          </tbody>
        </table>
      </section>
      {found.length === 0 && all.length > 0 && <p class="quiet">{words.tenantNone}</p>}
      {found.length > rowsMax && (
        <button type="button" onClick={() => setRowsMax(rowsMax + rowsStep)}>
          {words.more}
        </button>
      )}
      <p class="quiet">
        {words.usageDays(usageDays)} {!isUsageWhole && words.usageCut}
      </p>
    </section>
  )
}

function SortHead({ sort, route }: { sort: TenantSort; route: AdminRoute }) {
  const isCurrent = route.sort === sort
  return (
    <th
      scope="col"
      class={isNumber(sort) ? 'number' : undefined}
      aria-sort={isCurrent ? (route.isReversed ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        class="plain"
        onClick={() =>
          goTo({ ...route, sort, isReversed: isCurrent && !route.isReversed }, { replace: true })
        }
      >
        {words.columns[sort]}
        {isCurrent && <span aria-hidden="true">{route.isReversed ? ' ↑' : ' ↓'}</span>}
      </button>
    </th>
  )
}

const isNumber = (sort: TenantSort): boolean => !['name', 'state', 'created'].includes(sort)

function Row({ row, backup }: { row: TenantRow; backup: string | undefined }) {
  return (
    <tr>
      <th scope="row">
        <Link to={adminRoute(row.user_id)}>
          <bdi>{row.user_id}</bdi>
        </Link>
      </th>
      <td>
        <span class={row.state === 'active' ? 'state is-good' : 'state is-bad'}>
          {words.states[row.state]}
        </span>
      </td>
      <td class="number">{formatCount(row.requests)}</td>
      <td class="number">{formatCount(row.searches)}</td>
      <td class="number">{formatCount(row.tokens)}</td>
      <td class="number">{row.bytes === null ? '–' : formatBytes(row.bytes)}</td>
      <td>{formatDate(row.created_at)}</td>
      <td>{backup ?? ''}</td>
    </tr>
  )
}

/** By user: when the last copy was made. Looked up when somebody asks, for the rows that are shown. */
function useBackups() {
  const [backups, setBackups] = useState<ReadonlyMap<string, string>>(new Map())
  const look = async (rows: readonly TenantRow[]): Promise<void> => {
    const open = [...rows]
    const next = async (): Promise<void> => {
      for (let row = open.shift(); row; row = open.shift()) {
        const { user_id } = row
        const [last] = await listSnapshots(user_id).catch(() => [])
        const text = last ? formatDate(last.made_at) : words.noBackup
        setBackups((now) => new Map(now).set(user_id, text))
      }
    }
    await Promise.all(Array.from({ length: lookAtOnce }, next))
  }
  return { backups, look }
}
