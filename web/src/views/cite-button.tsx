/** Copies a citation and says that it did. */
import { useState } from 'preact/hooks'
import { type Citable, citation } from '../lib/citation.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'

const words = strings.reader
const saidMs = 2_500

export function CiteButton({ citable }: { citable: Citable }) {
  const [said, setSaid] = useState('')
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(citation(citable))
      setSaid(words.cited)
    } catch {
      setSaid(words.citeFailed)
    }
    setTimeout(() => setSaid(''), saidMs)
  }
  return (
    <button type="button" class="plain" onClick={() => void copy()}>
      <Icon name={said === words.cited ? 'check' : 'quote'} />
      <span class={said === '' ? 'label' : undefined} aria-live="polite">
        {said || words.cite}
      </span>
    </button>
  )
}
