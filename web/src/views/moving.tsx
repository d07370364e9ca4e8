/** The whole library in one archive: saved, and brought back into an empty one. */
import { useRef, useState } from 'preact/hooks'
import { messageOf } from '../api/http.ts'
import { exportAddress, getImport, sendArchive } from '../api/moving.ts'
import { useStore } from '../base/store.ts'
import { currentToken } from '../base/token.ts'
import { saveOriginal } from '../state/download.ts'
import { library, loadLibrary } from '../state/library.ts'
import { loadAccount } from '../state/session.ts'
import { strings } from '../strings.ts'

const words = strings.moving
const askEveryMs = 1_000

export function MovingCard() {
  const { documents } = useStore(library)
  const input = useRef<HTMLInputElement>(null)
  const [said, setSaid] = useState('')
  const [problem, setProblem] = useState('')
  const run = async (action: () => Promise<string>): Promise<void> => {
    setProblem('')
    try {
      setSaid(await action())
    } catch (error) {
      setSaid('')
      setProblem(messageOf(error))
    }
  }
  const save = (): Promise<void> =>
    run(async () => {
      setSaid(words.exporting)
      // By its address the browser writes it to the disk as it comes; a token would not go along.
      if (currentToken() === null) location.assign(exportAddress)
      else await saveOriginal(exportAddress, 'carrel-library.tar')
      return ''
    })
  const bring = (file: File): Promise<void> =>
    run(async () => {
      setSaid(words.sending)
      let state = await sendArchive(file)
      while (state.state === 'receiving' || state.state === 'building') {
        setSaid(words.importing(Math.round(state.progress * 100)))
        await new Promise((resolve) => setTimeout(resolve, askEveryMs))
        state = await getImport()
      }
      await Promise.all([loadLibrary(), loadAccount()])
      if (state.error) {
        setProblem(state.error.detail)
        return ''
      }
      return words.imported(state.result?.documents ?? 0, state.result?.passages ?? 0)
    })
  return (
    <section class="card" aria-labelledby="moving">
      <h2 id="moving">{words.title}</h2>
      <p class="quiet">{words.text}</p>
      <div class="buttons">
        <button type="button" onClick={() => void save()}>
          {words.export}
        </button>
        <button
          type="button"
          disabled={documents.length > 0}
          onClick={() => input.current?.click()}
        >
          {words.import}
        </button>
      </div>
      {documents.length > 0 && <p class="quiet">{words.notEmpty}</p>}
      <input
        ref={input}
        type="file"
        accept=".tar,application/x-tar"
        hidden
        data-archive=""
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? []
          currentTarget.value = ''
          if (file) void bring(file)
        }}
      />
      <p role="status">{said}</p>
      <p class="problem" role="alert">
        {problem}
      </p>
    </section>
  )
}
