/** Learning from a library: in a thread of its own, in batches, beside the space that is searched. */
import { expect, onTestFinished, test } from 'vitest'
import { Problem } from '../../src/base/problem.ts'
import { builtinConfigOf } from '../../src/search/embed/refit.ts'
import { spaces } from '../../src/search/vectors/spaces.ts'
import { type FitEnd, FitRunner, type FitRunnerOptions } from '../../src/threads/fit-runner.ts'
import { operations } from '../../src/threads/operations.ts'
import { ShardLibrary } from './library.ts'

/** Two subjects whose words never meet: what occurs with `sail` is near `mast` though they share no letter. */
const texts = (count: number): string[] =>
  Array.from({ length: count }, (_, i) =>
    i % 2 === 0
      ? `The ${i % 4 === 0 ? 'sailor' : 'mariner'} climbs rigging in gale ${i % 7} with rope.`
      : `The ${i % 4 === 1 ? 'baker' : 'confectioner'} kneads dough at oven ${i % 5} with yeast.`,
  )

function runner(
  libraries: readonly ShardLibrary[],
  before: (operation: string) => void = () => undefined,
): { runner: FitRunner; next: () => Promise<FitEnd> } {
  const ends: FitEnd[] = []
  let wake: () => void = () => undefined
  const call = (async (tenant, name, args) => {
    before(name)
    const library = libraries.find((one) => one.tenant === tenant)
    if (!library) throw new Problem('not_found', 'There is no such tenant.')
    return operations[name].run(library.context, library.store, structuredClone(args) as never)
  }) as FitRunnerOptions['call']
  const made = new FitRunner({
    call,
    onEnd: (end) => {
      ends.push(end)
      wake()
    },
  })
  onTestFinished(() => made.close())
  const next = async (): Promise<FitEnd> => {
    while (ends.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    return ends.shift() as FitEnd
  }
  return { runner: made, next }
}

test('a library of some size is learnt from, filled beside and switched to at once', async () => {
  const library = new ShardLibrary()
  library.add('Notes', texts(240))
  library.settle()
  const before = library.live()
  const { runner: fits, next } = runner([library])
  fits.notify(library.tenant)
  expect(await next()).toMatchObject({ outcome: 'stored', passages: 240 })
  // Stored, not yet searched: one space answers until the other is complete.
  expect(library.live().id).toBe(before.id)
  while (library.live().id === before.id) {
    library.search('sailor')
    library.work.step(library.store, 0)
  }
  expect(library.embedded()).toEqual(library.published())
  library.settle()
  expect(spaces(library.store.vecs)).toHaveLength(1)
  expect(builtinConfigOf(library.live().config)).toMatchObject({ fitted: 240, library: 240 })
  expect(library.search('sailor', { mode: 'semantic' }).hits[0]?.text).toContain('sailor')
  fits.notify(library.tenant)
  expect(await next()).toMatchObject({ outcome: 'abandoned' })
})

test('documents that come and go while a fit is filled are in it or not', async () => {
  const library = new ShardLibrary()
  const gone = library.add('Gone', texts(210))
  library.add('Stays', texts(60))
  library.settle()
  const { runner: fits, next } = runner([library])
  fits.notify(library.tenant)
  await next()
  for (let step = 0; step < 3; step++) library.work.step(library.store, 0)
  library.delete(gone)
  library.add('Late', ['A late mariner.'])
  library.work.step(library.store, 0)
  library.reopen()
  library.settle()
  expect(builtinConfigOf(library.live().config)?.fitted).toBe(270)
  expect(library.embedded()).toEqual(library.published())
  expect(library.titles('mariner')).toContain('Late')
})

test('a shard that restarts is asked again, a fit that was cut off leaves nothing behind', async () => {
  const library = new ShardLibrary()
  library.add('Notes', texts(220))
  library.settle()
  let [restarts, stored] = [0, 0]
  const { runner: fits, next } = runner([library], (operation) => {
    if (operation === 'fit.passages' && restarts++ === 0)
      throw new Problem('shard_restarted', 'again', { retryAfterS: 1 })
    if (operation === 'fit.store' && stored++ === 0) throw new Error('the disk is gone')
  })
  fits.notify(library.tenant)
  expect(await next()).toMatchObject({ outcome: 'failed' })
  library.settle()
  expect(builtinConfigOf(library.live().config)?.fitted).toBe(0)
  const second = runner([library])
  second.runner.notify(library.tenant)
  expect(await second.next()).toMatchObject({ outcome: 'stored' })
  library.settle()
  expect(spaces(library.store.vecs)).toHaveLength(1)
})

test('a library of equal passages, or of signs, is learnt from without harm', async () => {
  for (const text of ['same words here', '🎉']) {
    const library = new ShardLibrary()
    library.add(
      'Notes',
      Array.from({ length: 205 }, () => text),
    )
    library.settle()
    const { runner: fits, next } = runner([library])
    fits.notify(library.tenant)
    expect(await next()).toMatchObject({ outcome: 'stored' })
    library.settle()
    expect(library.embedded()).toEqual(library.published())
    expect(library.search(text).hits).toHaveLength(10)
    fits.notify(library.tenant)
    expect(await next()).toMatchObject({ outcome: 'abandoned' })
  }
})

test('one library at a time, and a tenant that is gone is passed over', async () => {
  const library = new ShardLibrary()
  library.add('Notes', texts(205))
  library.settle()
  const { runner: fits, next } = runner([library])
  fits.notify('nobody' as never)
  fits.notify(library.tenant)
  expect(await next()).toMatchObject({ tenant: 'nobody', outcome: 'failed' })
  expect(await next()).toMatchObject({ tenant: 'ann', outcome: 'stored' })
})
