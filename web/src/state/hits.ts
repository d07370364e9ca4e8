/** Answers seen a moment ago: the way back to results is instant, and the reader knows what it was opened for. */
import type { Hit, SearchAnswer } from '../api/types.ts'
import { formatRoute, type SearchRoute } from '../lib/route.ts'

const answersMax = 20
const answers = new Map<string, SearchAnswer>()

export let lastSearch: SearchRoute | undefined

export function keepAnswer(route: SearchRoute, answer: SearchAnswer): void {
  lastSearch = route
  const key = formatRoute(route)
  answers.delete(key)
  answers.set(key, answer)
  const [oldest] = answers.keys()
  if (answers.size > answersMax && oldest !== undefined) answers.delete(oldest)
}

export function keptAnswer(route: SearchRoute): SearchAnswer | undefined {
  return answers.get(formatRoute(route))
}

export function keptHit(documentId: string, passageId: string): Hit | undefined {
  for (const { hits } of [...answers.values()].reverse()) {
    const hit = hits.find((one) => one.passage_id === passageId && one.document_id === documentId)
    if (hit) return hit
  }
  return undefined
}
