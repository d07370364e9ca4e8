/** The words of the operator's screen. */
const plural = (count: number, one: string, many: string): string =>
  `${count.toLocaleString()} ${count === 1 ? one : many}`

export const adminStrings = {
  title: 'Server',
  nav: 'Server',
  noAccess:
    'This screen is the operator’s: sign in with the server’s ADMIN_TOKEN. In local mode it opens on the machine that the server runs on.',
  loading: 'Asking the server…',
  checkNames: {
    shards: 'Shards',
    control: 'Records',
    embeddings: 'Embeddings',
    chat: 'Chat',
    key_set: 'Key set',
    heimdall: 'Heimdall',
  } as Readonly<Record<string, string>>,
  ready: 'Ready',
  notReady: 'Not ready',
  version: (version: string) => `Carrel ${version}`,
  figures: {
    uptime: 'Running for',
    memory: 'Memory',
    tenants: 'Libraries',
    stores: 'Open stores',
    hits: 'Found open',
    waiting: 'Operations waiting',
    jobs: 'Documents being read',
    queued: 'Libraries with documents waiting',
    vectors: 'Passages without a vector',
    answers: 'Answers being written',
  },
  uptime: (seconds: number) =>
    seconds < 5_400
      ? `${Math.round(seconds / 60)} min`
      : seconds < 172_800
        ? `${Math.round(seconds / 3_600)} h`
        : `${Math.round(seconds / 86_400)} days`,
  percent: (share: number) => `${Math.round(share * 100)} %`,
  shards: 'Shards',
  shard: (number: number) => `Shard ${number}`,
  shardColumns: {
    open: 'Stores open',
    running: 'Running',
    waiting: 'Waiting',
    hits: 'Found open',
    evictions: 'Closed for room',
    restarts: 'Restarts',
  },
  traffic: 'Requests',
  span: (minutes: number) =>
    minutes < 120 ? `the last ${minutes} minutes` : `the last ${Math.round(minutes / 60)} hours`,
  rate: 'Requests a minute',
  latency: 'Milliseconds: half are faster, and 95 of 100',
  rateNow: (perMinute: number) => `${perMinute.toFixed(perMinute < 10 ? 1 : 0)} a minute`,
  latencyNow: (medianMs: number | null, slowMs: number | null) =>
    medianMs === null
      ? 'none'
      : `${medianMs.toFixed(1)} ms, ${(slowMs ?? medianMs).toFixed(1)} ms for the slowest twentieth`,
  failures: (count: number) => plural(count, 'failure of the server', 'failures of the server'),
  noRequests: 'No request is in the log yet.',
  tenants: 'Libraries',
  tenantFilter: 'Find a user, a directory or a state',
  tenantCount: (shown: number, all: number) =>
    shown === all
      ? plural(all, 'library', 'libraries')
      : `${shown.toLocaleString()} of ${plural(all, 'library', 'libraries')}`,
  tenantNone: 'No library fits.',
  usageDays: (days: number) => `Use is that of the last ${days} days.`,
  usageCut: 'There was more use than is shown here: `carrel usage --csv` has all of it.',
  more: 'Show more',
  columns: {
    name: 'User',
    state: 'State',
    requests: 'Requests',
    searches: 'Searches',
    tokens: 'Chat tokens',
    bytes: 'Originals',
    created: 'Since',
  },
  backup: 'Last backup',
  lookBackups: 'Look at backups',
  noBackup: 'none',
  states: {
    active: 'open',
    read_only: 'read-only',
    suspended: 'suspended',
    at_rest: 'at rest',
    restoring: 'being restored',
    migrating: 'being migrated',
    deleting: 'being deleted',
  },
  until: (time: string) => `until ${time}`,
  findings: 'What the doctor says',
  findAgain: 'Look again',
  levels: { ok: 'good', warning: 'warning', fault: 'fault' },
  allGood: (count: number) => `${count} things were looked at, and all are good.`,
  goodOnes: (count: number) => plural(count, 'thing is good', 'things are good'),
  tenant: {
    back: 'All libraries',
    directory: 'Directory',
    since: 'Since',
    tier: 'Tier',
    limits: 'Limits',
    noLimit: 'no limit',
    yes: 'yes',
    no: 'no',
    limitsHidden: 'Limits are shown to whoever signs in with ADMIN_TOKEN.',
    actions: 'What can be done',
    suspend: 'Suspend',
    readOnly: 'Make read-only',
    resume: 'Open again',
    delete: 'Delete',
    confirmSuspend: (user: string) =>
      `Suspend ${user}? Every request of theirs is refused until the library is opened again; they are told that the operator did it.`,
    confirmReadOnly: (user: string) =>
      `Make the library of ${user} read-only? Reading and searching go on, every change is refused.`,
    confirmResume: (user: string) => `Open the library of ${user} again?`,
    confirmDelete: (user: string) =>
      `Delete the library of ${user} with everything in it, for good? Type the name of the user to say so.`,
    confirmName: 'Name of the user',
    confirm: 'Yes',
    keep: 'Leave it as it is',
    deleted: (user: string) => `The library of ${user} is deleted.`,
    health: 'Can it be opened?',
    checkHealth: 'Try it',
    healthy: 'Yes: it was opened and read from.',
    snapshots: 'Backups',
    snapshotLine: (documents: number, passages: number) =>
      `${plural(documents, 'document', 'documents')}, ${plural(passages, 'passage', 'passages')}`,
    verified: 'verified when it was made',
    makeSnapshot: 'Make one now',
    making: 'Being made…',
    noSnapshots: 'There is none.',
    keys: 'API keys',
    noKeys: 'There is none.',
    endKey: 'Take away',
    endKeyOf: (name: string) => `Take away: ${name}`,
    keyLine: (scopes: string, used: string | null) =>
      `${scopes}; ${used === null ? 'never used' : `last used ${used}`}`,
    audit: 'What was done',
    noAudit: 'Nothing was written down.',
    auditColumns: { at: 'When', action: 'What', who: 'Who', outcome: 'Outcome' },
    refresh: 'Look again',
  },
}
