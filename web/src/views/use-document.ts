/** A document by its id: from the library where that is loaded, else asked for. */
import { useEffect, useState } from 'preact/hooks'
import { getDocument } from '../api/documents.ts'
import { isAbort, messageOf } from '../api/http.ts'
import type { DocumentRow } from '../api/types.ts'
import { isServerGone } from '../base/connection.ts'
import { useStore } from '../base/store.ts'
import { library, putDocument } from '../state/library.ts'

export function useDocument(id: string): { document: DocumentRow | undefined; problem: string } {
  const { documents } = useStore(library)
  const isGone = useStore(isServerGone)
  const known = documents.find((document) => document.id === id)
  const [asked, setAsked] = useState<DocumentRow>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    if (known) return
    const ended = new AbortController()
    getDocument(id, ended.signal).then(
      (document) => {
        setAsked(document)
        setProblem('')
        // Only a list that is whole may be added to.
        if (library.value.state === 'loaded') putDocument(document)
      },
      (error: unknown) => !isAbort(error) && setProblem(messageOf(error)),
    )
    return () => ended.abort()
  }, [id, known === undefined, isGone])
  return { document: known ?? asked, problem: known ? '' : problem }
}
