/** Pictures of documents, fetched with the person's token, which a picture's address could not carry; the last ones are kept. */
import { respond } from '../api/http.ts'

const keptMax = 300
const kept = new Map<string, Promise<string>>()

/** @returns an address of the picture; empty where the document has none */
export function coverOf(id: string): Promise<string> {
  const found = kept.get(id)
  if (found !== undefined) return found
  const cover = load(id)
  kept.set(id, cover)
  const [oldest] = kept.keys()
  if (kept.size > keptMax && oldest !== undefined) forget(oldest)
  return cover
}

async function load(id: string): Promise<string> {
  try {
    const response = await respond(`/v1/documents/${encodeURIComponent(id)}/thumbnail`)
    return URL.createObjectURL(await response.blob())
  } catch {
    return ''
  }
}

function forget(id: string): void {
  const cover = kept.get(id)
  kept.delete(id)
  void cover?.then((address) => address !== '' && URL.revokeObjectURL(address))
}
