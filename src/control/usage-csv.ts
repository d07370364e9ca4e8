/** Usage as CSV (RFC 4180), for spreadsheets and bills. */
import type { UsageRow } from './usage.ts'

const columns = [
  'day',
  'tenant',
  'user_id',
  'requests',
  'searches',
  'pages_read',
  'bytes_stored',
  'chat_tokens_in',
  'chat_tokens_out',
  'seconds',
] as const satisfies readonly (keyof UsageRow)[]

/** The first line. */
export const csvNames = `${columns.join(',')}\r\n`

export function csvLine(row: UsageRow): string {
  return `${columns.map((name) => csvField(rounded(row)[name])).join(',')}\r\n`
}

/** To milliseconds: what is behind them is noise of adding. */
export function rounded<T extends { readonly seconds: number }>(row: T): T {
  return { ...row, seconds: Math.round(row.seconds * 1_000) / 1_000 }
}

/** A leading apostrophe keeps a spreadsheet from taking an id for a formula. */
function csvField(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
