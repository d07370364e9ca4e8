/** The words of what is done with many documents at once, with what was read of one, and with the whole library. */
const plural = (count: number, one: string, many: string): string =>
  `${count.toLocaleString()} ${count === 1 ? one : many}`

export const bulkStrings = {
  select: 'Select',
  done: 'Done',
  selectOne: (title: string) => `Select ${title}`,
  selected: (count: number) => `${count.toLocaleString()} selected`,
  all: 'Select all shown',
  none: 'Select none',
  label: 'What to do with the selected documents',
  tag: 'Tag to add',
  addTag: 'Add the tag',
  tagNeeded: 'Write the tag first.',
  delete: 'Delete',
  confirm: (count: number) =>
    `Delete ${plural(count, 'document', 'documents')} with everything that was read from them? This cannot be undone.`,
  yes: 'Yes, delete them',
  keep: 'Keep them',
  working: (done: number, all: number) => `${done} of ${all}…`,
  tagged: (count: number) => `${plural(count, 'document has', 'documents have')} the tag now.`,
  deleted: (count: number) => `${plural(count, 'document is', 'documents are')} deleted.`,
  failed: (count: number, reason: string) =>
    `${plural(count, 'document was', 'documents were')} left as they are: ${reason}`,
}

export const reportStrings = {
  title: 'What was read of each page',
  loading: 'Asking…',
  page: 'Page',
  characters: 'Characters',
  source: 'Read from',
  language: 'Language',
  sources: { text: 'its text', ocr: 'its picture', empty: 'nothing' },
  suspicious: 'letters probably wrong',
  more: 'Show more pages',
  none: 'It was not read yet.',
}

export const movingStrings = {
  title: 'Take the library along',
  text: 'Everything in one archive: documents, what was read of them, tags and conversations. It can be brought back into an empty library, here or on another server.',
  export: 'Save the whole library',
  exporting: 'Being put together…',
  import: 'Bring an archive back',
  importing: (percent: number) => `Being brought back: ${percent} %`,
  sending: 'Being sent…',
  imported: (documents: number, passages: number) =>
    `${plural(documents, 'document', 'documents')} with ${plural(passages, 'passage', 'passages')} came back.`,
  notEmpty: 'Only an empty library takes an archive: this one has documents.',
}
