/** A thousand chats whose clients leave: no connection, timer, run or memory stays behind. */

import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { FakeModel } from '../fake-model.ts'
import { eventsOf, setUp, stream } from '../http/chat-server.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const chats = 1_000
const atOnce = 10
/** Caches fill and code is compiled while the first are answered; a leak goes on in the last. */
const warmUp = 600
const growthBytesMax = 2 ** 20

test.skipIf(!isLong)(
  'a thousand aborted chats leave nothing (CARREL_LONG=1)',
  { timeout: 600_000 },
  async () => {
    const fake = await FakeModel.start()
    const { server, chat } = await setUp(fake, {
      withModel: true,
      // What can be fetched again is bounded in size: here small, so that it is full after the first.
      limits: { leaveMs: 0, tenantMax: 64, keptUnitsMax: 64 * 1024 },
    })
    fake.fault = { kind: 'stalls' }
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const before = resources()
    let heapBytes = 0
    const heaps: number[] = []
    for (let done = 0; done < chats; done += atOnce) {
      await Promise.all(
        Array.from({ length: atOnce }, (_, at) => leave(`Who opened bridge ${at}?`)),
      )
      fake.asked.length = 0
      server.logged.length = 0
      if ((done + atOnce) % 200 === 0) {
        await settled()
        heaps.push(process.memoryUsage().heapUsed)
        if (done + atOnce === warmUp) heapBytes = process.memoryUsage().heapUsed
      }
    }
    await settled()
    const growthBytes = process.memoryUsage().heapUsed - heapBytes
    const after = resources()
    process.stdout.write(
      `${chats} aborted chats: ${fake.sockets} model sockets, ${chat.running} runs, timers ${before.timers} → ${after.timers}, heap ${Math.round(growthBytes / 1024)} KB more than after ${warmUp}, each 200: ${heaps.map((bytes) => Math.round(bytes / 1024)).join(' ')} KB\n`,
    )
    expect(growthBytes).toBeLessThan(growthBytesMax)
    // Those of the HTTP server itself: its look at expired connections, and their keep-alive.
    expect(after.timers).toBeLessThanOrEqual(before.timers + 2)
    await chat.close()
    await fake.stop()

    async function leave(message: string): Promise<void> {
      const controller = new AbortController()
      for await (const { event } of eventsOf(
        await stream(server, { message }, controller.signal),
      )) {
        expect(event).toBe('passages')
        break
      }
      controller.abort()
    }

    async function settled(): Promise<void> {
      while (chat.running > 0) await setImmediate()
      await fake.quiet()
      collect()
      await setImmediate()
      collect()
    }
  },
)

function resources(): { timers: number } {
  const names = process.getActiveResourcesInfo()
  return { timers: names.filter((name) => name === 'Timeout').length }
}
