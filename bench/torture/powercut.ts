/**
 * The power fails: a server's writes are journalled call by call while people and their operator write, and at each of many
 * points a disk is made that has forgotten what was not synced (the model: bench/lib/crash-disk.ts). A fresh server opens it.
 * Everything that had been answered must be there, and every database sound. An answer counts from the moment at which the
 * server began to send it, which stands in the same journal.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '../lib/client.ts'
import { CrashDisk, type CutMode } from '../lib/crash-disk.ts'
import { diskCalls, type JournalStep, stepsOf } from '../lib/disk-journal.ts'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import { straceCommand, straceEnded, straceFault } from '../lib/strace.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'
import { examine, type Fault } from './examine.ts'
import { type Ledger, newLedger, Subject } from './ledger.ts'
import { adminToken } from './noted-client.ts'
import { settings } from './reopened.ts'
import { users, Writer } from './writer.ts'

const cutsDefault = 300
const writesDefault = 240
/** Of these, kept in the answer of the torture. */
const failuresMax = 20
/** So many cuts are opened by the parts that open files; the next by a whole server, which takes a second. */
const wholeEvery = 15
const modes: readonly CutMode[] = ['dropped', 'kept', 'mixed']
const weakSync = fileURLToPath(new URL('../lib/weak-sync.ts', import.meta.url))

/** @param options `kills`: cuts; `rounds`: writes; `synchronous`: `normal` weakens the server, which must then fail */
export async function powercut(options: TortureOptions): Promise<TortureResult> {
  const { seed, kills: cuts = cutsDefault, rounds: writes = writesDefault, say } = options
  const fault = straceFault()
  if (fault !== undefined) {
    say(`powercut: not run: ${fault}`)
    return { figures: { cuts: 0, not_run: fault }, failures: [{ what: 'not run', why: fault }] }
  }
  const random = seededRandom(seed)
  const place = mkdtempSync(join(tmpdir(), 'carrel-powercut-'))
  const dataDir = join(place, 'data')
  mkdirSync(dataDir)
  try {
    const ledger = newLedger()
    const isWeak = options.synchronous === 'normal'
    // What is lost without waiting for the disk shows in any.
    const lives = isWeak ? (['killed'] as const) : (['killed', 'stopped'] as const)
    const journals: string[] = []
    for (const end of lives) {
      const journal = join(place, `journal.${end}`)
      await live({ dataDir, journal, end, isWeak, writes: writes / lives.length, ledger, random })
      journals.push(journal)
      say(`a server ${end} after ${ledger.writes} writes`)
    }
    const steps: JournalStep[] = []
    for (const journal of journals)
      for await (const step of stepsOf(journal, dataDir)) steps.push(step)
    const faults = await cutAll(steps, cutPoints(steps, cuts, random), ledger, {
      place,
      dataDir,
      random,
      say,
    })
    const figures = {
      synchronous: isWeak ? 'normal' : 'full',
      cuts,
      writes_acknowledged: ledger.writes,
      steps_of_the_journal: steps.length,
      cuts_with_loss: new Set(faults.filter(({ kind }) => kind === 'lost').map((one) => one['cut']))
        .size,
      lost: faults.filter(({ kind }) => kind === 'lost').length,
      corrupt: faults.filter(({ kind }) => kind === 'corrupt').length,
    }
    return { figures, failures: [...ledger.faults, ...faults].slice(0, failuresMax) }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

interface Life {
  readonly dataDir: string
  readonly journal: string
  readonly end: 'killed' | 'stopped'
  readonly isWeak: boolean
  readonly writes: number
  readonly ledger: Ledger
  readonly random: () => number
}

/** One server from its start to its end, with everybody at work. */
async function live({
  dataDir,
  journal,
  end,
  isWeak,
  writes,
  ledger,
  random,
}: Life): Promise<void> {
  const server = await startServer(dataDir, { ...settings, UV_USE_IO_URING: '0' }, [], undefined, {
    before: straceCommand(journal, diskCalls),
    nodeFlags: isWeak ? ['--import', weakSync] : [],
  })
  const until = ledger.writes + writes
  const people = users.map(async (user) => {
    const writer = await Writer.of(server.url, user, ledger, random)
    await writer.upload()
    while (ledger.writes < until && (await writer.write()));
  })
  await Promise.all([...people, operate(server, end, ledger, random)])
  if (end === 'stopped') await server.stop()
  else {
    // In the middle of what nobody has heard of yet.
    const last = await Writer.of(server.url, 'ann', ledger, random)
    const writing = last.write()
    await server.kill()
    await writing
  }
  await straceEnded(journal)
}

/** A snapshot, a library held back, and an account that leaves. */
async function operate(
  server: RunningServer,
  name: string,
  ledger: Ledger,
  random: () => number,
): Promise<void> {
  const leaver = await Writer.of(server.url, `leaver-${name}`, ledger, random)
  await leaver.leave()
  const admin = new Client(server.url, adminToken)
  const held = await Writer.of(server.url, `held-${name}`, ledger, random)
  await held.upload()
  const subject = new Subject({
    what: 'state',
    user: `held-${name}`,
    look: async (after) => (await after.stateOf(`held-${name}`)) ?? 'absent',
    isEnough: (found, told) => told === 'absent' || found === told,
  })
  ledger.subjects.push(subject)
  for (const state of ['read_only', 'active', 'read_only']) {
    const requestId = `operator-${name}-${subject.steps.length}`
    const path = `/admin/v1/tenants/held-${name}/state`
    await admin.request('PUT', path, { state }, { 'x-request-id': requestId })
    subject.steps.push({ requestId, found: state })
    if (subject.steps.length === 2) await snapshot(admin, name, ledger)
  }
}

async function snapshot(admin: Client, life: string, ledger: Ledger): Promise<void> {
  const requestId = `operator-${life}-snapshot`
  const path = '/admin/v1/tenants/ann/snapshots'
  const made = await admin.request<{ name: string }>('POST', path, undefined, {
    'x-request-id': requestId,
  })
  if (made.status !== 201) {
    ledger.faults.push({ what: 'no snapshot', ...made })
    return
  }
  const subject = new Subject({
    what: 'snapshot',
    user: 'ann',
    look: async (after) =>
      (await after.snapshotsOf('ann')).includes(made.body.name) ? 'listed' : 'absent',
  })
  subject.steps.push({ requestId, found: 'listed' })
  ledger.subjects.push(subject)
}

/** A third just behind an answer, a third beside a sync or a rename, the rest anywhere. */
function cutPoints(steps: readonly JournalStep[], cuts: number, random: () => number): number[] {
  const where = (is: (step: JournalStep) => unknown): number[] =>
    steps.flatMap((step, at) => (is(step) ? [at] : []))
  const kinds = [where((step) => step.answered), where((step) => step.isTurn), [...steps.keys()]]
  return Array.from({ length: cuts }, (_, at) => {
    const kind = kinds[at % kinds.length] ?? []
    const beside = at % kinds.length === 1 ? Math.floor(random() * 2) : 1
    return (kind[Math.floor(random() * kind.length)] ?? 0) + beside
  }).toSorted((a, b) => a - b)
}

async function cutAll(
  steps: readonly JournalStep[],
  points: readonly number[],
  ledger: Ledger,
  {
    place,
    dataDir,
    random,
    say,
  }: { place: string; dataDir: string; random: () => number; say: (line: string) => void },
): Promise<Fault[]> {
  const disk = new CrashDisk(dataDir)
  const answered = new Set<string>()
  const faults: Fault[] = []
  let done = 0
  for (const [cut, point] of points.entries()) {
    for (const step of steps.slice(done, point)) {
      step.apply?.(disk)
      if (step.answered && step.answered.status < 300) answered.add(step.answered.requestId)
    }
    done = point
    const mode = modes[Math.floor(random() * modes.length)] ?? 'dropped'
    const left = join(place, `cut-${cut}`)
    disk.cut(left, mode, random)
    const found = await examine(left, ledger, answered, cut % wholeEvery === 0)
    faults.push(...found.map((one) => ({ ...one, cut, mode, point })))
    rmSync(left, { recursive: true, force: true })
    if (cut % 50 === 49) say(`${cut + 1} cuts, ${faults.length} faults`)
  }
  return faults
}
