/** The first thing somebody sees: what to do, and three documents to try it with. */
import { useState } from 'preact/hooks'
import keeping from '../../../samples/keeping-a-personal-library.md?url'
import reading from '../../../samples/reading-with-a-pencil.pdf?url'
import catalogue from '../../../samples/the-lighthouse-catalogue.txt?url'
import { addFiles } from '../state/uploads.ts'
import { strings } from '../strings.ts'
import { AddButtons } from './add-buttons.tsx'
import { Icon } from './icons.tsx'

const words = strings.empty

const samples = [
  {
    title: 'Reading with a Pencil',
    filename: 'reading-with-a-pencil.pdf',
    kind: 'PDF',
    url: reading,
  },
  {
    title: 'Keeping a Personal Library',
    filename: 'keeping-a-personal-library.md',
    kind: 'MD',
    url: keeping,
  },
  {
    title: 'The Lighthouse Catalogue',
    filename: 'the-lighthouse-catalogue.txt',
    kind: 'TXT',
    url: catalogue,
  },
]
type Sample = (typeof samples)[number]

export function EmptyLibrary() {
  const [problem, setProblem] = useState('')
  const add = async (wanted: readonly Sample[]): Promise<void> => {
    try {
      addFiles(await Promise.all(wanted.map(fetchSample)))
      setProblem('')
    } catch {
      setProblem(words.sampleFailed)
    }
  }
  return (
    <section class="empty">
      <Icon name="upload" />
      <h2>{words.title}</h2>
      <p>{words.text}</p>
      <AddButtons />
      <p class="quiet">{words.samples}</p>
      <ul class="samples">
        {samples.map((sample) => (
          <li key={sample.filename}>
            <button type="button" onClick={() => void add([sample])}>
              <span class="kind">{sample.kind}</span>
              {sample.title}
            </button>
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => void add(samples)}>
        {words.addSamples}
      </button>
      <p class="problem" role="alert">
        {problem}
      </p>
    </section>
  )
}

async function fetchSample({ url, filename }: Sample): Promise<File> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${response.status}`)
  return new File([await response.blob()], filename)
}
