/** What the server says to one question: asked when it is shown, and again when somebody wants it. */
import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../api/http.ts'

export interface Asked<T> {
  readonly value: T | undefined
  readonly problem: string
  readonly again: () => void
}

/** @param inputs asked anew when one of them changes */
export function useAsked<T>(ask: () => Promise<T>, inputs: readonly unknown[]): Asked<T> {
  const [value, setValue] = useState<T>()
  const [problem, setProblem] = useState('')
  const [times, setTimes] = useState(0)
  useEffect(() => {
    let isWanted = true
    ask().then(
      (found) => {
        if (!isWanted) return
        setValue(found)
        setProblem('')
      },
      (error: unknown) => isWanted && setProblem(messageOf(error)),
    )
    return () => {
      isWanted = false
    }
  }, [...inputs, times])
  return { value, problem, again: () => setTimes((now) => now + 1) }
}
