/** What goes to the clipboard when somebody cites a passage. */

export interface Citable {
  readonly title: string
  readonly page: number
  readonly page_label: string | null
  readonly text: string
}

const quoteLengthMax = 400

/** `12`, or `iv (page 4 of the file)` where the printed number is another one. */
export function pageName(page: number, label: string | null): string {
  return label === null || label === '' || label === String(page)
    ? String(page)
    : `${label} (page ${page} of the file)`
}

/** @returns “the passage”, title, page; cut at a word where it is long */
export function citation({ title, page, page_label, text }: Citable): string {
  const whole = text.replaceAll(/\s+/g, ' ').trim()
  const quote =
    whole.length <= quoteLengthMax
      ? whole
      : `${whole.slice(0, quoteLengthMax).replace(/\s+\S*$/, '')} …`
  const place = `${title}, p. ${pageName(page, page_label)}`
  return quote === '' ? place : `“${quote}” — ${place}`
}
