/** Numbers as people read them. */

const units = ['kB', 'MB', 'GB', 'TB'] as const

/** @returns such as `1.4 MB`: decimal, as file managers say it */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  let value = bytes
  let unit = -1
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** @returns such as `3 Nov 2026`, in the person's own language */
export function formatDate(iso: string, locale?: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.getTime())
    ? ''
    : date.toLocaleDateString(locale, { day: 'numeric', month: 'short', year: 'numeric' })
}

/** @returns such as `3 Nov, 14:05`, in the person's own language and time */
export function formatTime(iso: string, locale?: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.getTime())
    ? ''
    : date.toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short' })
}

export function formatCount(count: number): string {
  return count.toLocaleString()
}

/** @returns such as `PDF`: what people call a kind of file */
export function kindOf(mediaType: string, filename: string): string {
  const known: Readonly<Record<string, string>> = {
    'application/pdf': 'PDF',
    'application/epub+zip': 'EPUB',
    'text/markdown': 'MD',
    'text/plain': 'TXT',
    'text/html': 'HTML',
    'application/rtf': 'RTF',
    'text/csv': 'CSV',
  }
  const [, extension = ''] = /\.([A-Za-z0-9]{1,5})$/.exec(filename) ?? []
  return known[mediaType] ?? (extension === '' ? mediaType : extension.toUpperCase())
}

/** @returns such as `Thai`; the code itself where it has no name */
export function languageName(code: string, locale = 'en'): string {
  try {
    return new Intl.DisplayNames([locale], { type: 'language' }).of(code) ?? code
  } catch {
    return code
  }
}
