/** The whole window takes files and folders. */
import { useEffect, useState } from 'preact/hooks'
import { libraryRoute } from '../lib/route.ts'
import { droppedFiles } from '../state/dropped-files.ts'
import { currentRoute, goTo } from '../state/router.ts'
import { addFiles } from '../state/uploads.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false

export function DropTarget() {
  const [isOver, setOver] = useState(false)
  useEffect(() => {
    // Every element on the way says that it was entered and left: the window was left when all were.
    let depth = 0
    const ended = new AbortController()
    const on = (
      type: 'dragenter' | 'dragleave' | 'dragover' | 'drop',
      then: (event: DragEvent) => void,
    ) => addEventListener(type, (event) => hasFiles(event) && then(event), { signal: ended.signal })
    on('dragenter', () => setOver(++depth > 0))
    on('dragleave', () => setOver(--depth > 0))
    on('dragover', (event) => event.preventDefault())
    on('drop', (event) => {
      event.preventDefault()
      depth = 0
      setOver(false)
      if (!event.dataTransfer) return
      if (currentRoute.value.screen !== 'library') goTo(libraryRoute)
      void droppedFiles(event.dataTransfer).then(addFiles)
    })
    return () => ended.abort()
  }, [])
  if (!isOver) return null
  return (
    <div class="drop-veil">
      <p>
        <Icon name="upload" />
        {strings.drop}
      </p>
    </div>
  )
}
