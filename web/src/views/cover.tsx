/** What a document looks like: its picture where it has one, and else its kind. */
import { useEffect, useState } from 'preact/hooks'
import type { DocumentRow } from '../api/types.ts'
import { kindOf } from '../lib/format.ts'
import { coverOf } from '../state/covers.ts'

/** Only these have one: others are not asked for. */
const pictured = new Set(['application/pdf', 'application/epub+zip'])

export function Cover({ document }: { document: DocumentRow }) {
  const { id, media_type, filename, status } = document
  const [address, setAddress] = useState('')
  const mayHave = status === 'ready' && pictured.has(media_type)
  useEffect(() => {
    if (!mayHave) return
    let isWanted = true
    void coverOf(id).then((found) => isWanted && setAddress(found))
    return () => {
      isWanted = false
    }
  }, [id, mayHave])
  if (address !== '')
    return <img class="cover" src={address} alt="" onError={() => setAddress('')} />
  return <span class="kind">{kindOf(media_type, filename)}</span>
}
