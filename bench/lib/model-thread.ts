/** A chat model in a thread of its own: what it writes must not delay what is timed. */
import { parentPort } from 'node:worker_threads'
import { FakeModel } from '../../test/fake-model.ts'

/** How it answers from now on. */
export interface ModelManners {
  readonly answer: string
  /** Between two pieces. */
  readonly paceMs: number
}

const model = await FakeModel.start()
parentPort?.on('message', ({ answer, paceMs }: ModelManners) => {
  model.answer = answer
  model.paceMs = paceMs
  parentPort?.postMessage('so be it')
})
parentPort?.postMessage(model.url)
