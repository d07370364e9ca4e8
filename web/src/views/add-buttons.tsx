/** Adding by choosing: files, or a whole folder. */
import { useEffect, useRef } from 'preact/hooks'
import { wanted } from '../state/dropped-files.ts'
import { addFiles } from '../state/uploads.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'

const words = strings.library

export function AddButtons() {
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  // Not an attribute that JSX knows.
  useEffect(() => folder.current?.setAttribute('webkitdirectory', ''), [])
  const take = (event: { currentTarget: HTMLInputElement }): void => {
    addFiles(wanted([...(event.currentTarget.files ?? [])]))
    event.currentTarget.value = ''
  }
  return (
    <div class="add">
      <button type="button" class="main" onClick={() => files.current?.click()}>
        <Icon name="plus" />
        {words.add}
      </button>
      <button type="button" onClick={() => folder.current?.click()}>
        <Icon name="folder" />
        {words.addFolder}
      </button>
      <input ref={files} type="file" multiple hidden onChange={take} data-files="" />
      <input ref={folder} type="file" hidden onChange={take} />
    </div>
  )
}
