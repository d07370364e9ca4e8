/** Whether the server answers: when it does not, one banner says so and one loop looks for it. */
import { Store } from './store.ts'

const lookEveryMs = 3_000

export const isServerGone = new Store(false)
let timer: ReturnType<typeof setTimeout> | undefined

/** Called by whoever got no answer. */
export function serverIsGone(): void {
  isServerGone.set(true)
  if (timer !== undefined) return
  timer = setTimeout(() => {
    timer = undefined
    void lookForServer()
  }, lookEveryMs)
}

export async function lookForServer(): Promise<void> {
  try {
    const response = await fetch('/healthz', { cache: 'no-store' })
    if (!response.ok) throw new Error()
    isServerGone.set(false)
  } catch {
    serverIsGone()
  }
}

/** Runs `then` each time the server is back. */
export function onServerBack(then: () => void): void {
  let wasGone = isServerGone.value
  isServerGone.subscribe(() => {
    if (wasGone && !isServerGone.value) then()
    wasGone = isServerGone.value
  })
}
