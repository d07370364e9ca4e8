/** A thread of people who chat: fifty answers at any time, each followed by the next question. */
import { setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { CrowdData } from '../chat.ts'
import { askUntil } from './chat-stream.ts'

const streams = 50
const { url, tokens, questions } = workerData as CrowdData
let begun = 0
let stopping = new AbortController()
let running: Promise<void>[] = []

/** Fifty people do not press Enter at one moment: the first questions are spread over about the length of an answer. */
const spreadMs = 2_500

async function chat(at: number, signal: AbortSignal, onFirst: () => void): Promise<void> {
  await setTimeout((at * spreadMs) / streams)
  while (!signal.aborted) {
    const token = tokens[at % tokens.length] ?? ''
    const question = questions[(at * 7 + begun) % questions.length] ?? ''
    try {
      await askUntil(
        url,
        token,
        question,
        'done',
        (event) => {
          if (event !== 'passages') return
          begun++
          onFirst()
        },
        signal,
      )
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}

parentPort?.on('message', async (what: 'start' | 'stop') => {
  if (what === 'start') {
    stopping = new AbortController()
    const first = Array.from({ length: streams }, () => Promise.withResolvers<void>())
    running = first.map(({ resolve }, at) => chat(at, stopping.signal, resolve))
    // Answered when all of them are being written; a fault of one is a fault of the bench.
    await Promise.race([Promise.all(first.map(({ promise }) => promise)), Promise.all(running)])
  } else {
    stopping.abort()
    await Promise.all(running)
  }
  parentPort?.postMessage(begun)
})
