/** Files of a drop, folders opened. */

/** What file managers leave behind and nobody means to add. */
const hidden = /^(?:\.|~\$|Thumbs\.db$|desktop\.ini$)/i

/** Has to be called while the event is handled: afterwards the browser has forgotten its items. */
export function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const found = [...transfer.items].map((item) => {
    const entry = item.webkitGetAsEntry()
    if (entry) return filesOf(entry)
    // Not from a disk, such as a picture out of another page.
    const file = item.kind === 'file' ? item.getAsFile() : null
    return file ? [file] : []
  })
  return Promise.all(found).then((files) => wanted(files.flat()))
}

export function wanted(files: readonly File[]): File[] {
  return files.filter(
    ({ name, webkitRelativePath }) =>
      !hidden.test(name) && !webkitRelativePath.split('/').some((part) => part.startsWith('.')),
  )
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (hidden.test(entry.name)) return []
  if (entry.isFile)
    return new Promise((resolve) =>
      (entry as FileSystemFileEntry).file(
        (file) => resolve([file]),
        () => resolve([]),
      ),
    )
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const files: File[] = []
  for (;;) {
    // A reader gives a hundred at a time, and none when there are no more.
    const some = await new Promise<FileSystemEntry[]>((resolve) =>
      reader.readEntries(resolve, () => resolve([])),
    )
    if (some.length === 0) return files
    for (const entry of some) files.push(...(await filesOf(entry)))
  }
}
