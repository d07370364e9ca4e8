/** A conversation as Markdown: what was asked, what was answered, and where that stands. */
import type { MessageView } from '../library/conversations.ts'

interface AnswerDetail {
  readonly passages?: readonly {
    n: number
    title: string
    page: number
    page_label: string | null
  }[]
  readonly citations?: readonly {
    n: number | null
    label: string
    text: string
    page: number | null
  }[]
}

/** What a text could say to Markdown at the start of a line, or inside of one. */
const marks = /[\\`*_{}<>#|~]/g

export function markdownOf(title: string, messages: readonly MessageView[]): string {
  const parts = messages.map((message) =>
    message.role === 'user' ? `## ${oneLine(message.text)}` : answerOf(message),
  )
  return `# ${oneLine(title)}\n\n${parts.join('\n\n')}\n`
}

function answerOf({ text, detail }: MessageView): string {
  const { passages = [], citations = [] } = (detail ?? {}) as AnswerDetail
  const cited = new Set(citations.map(({ n }) => n))
  const sources = passages
    .filter(({ n }) => cited.has(n))
    .map(
      ({ n, title, page, page_label }) =>
        `- [${n}] ${oneLine(title)}, page ${oneLine(page_label ?? String(page))}`,
    )
  const unsupported = citations
    .filter(({ label }) => label === 'not_found')
    .map((citation) => `- Not found in its source: “${oneLine(citation.text)}”`)
  return [escaped(text), sources.join('\n'), unsupported.join('\n')].filter(Boolean).join('\n\n')
}

function oneLine(text: string): string {
  return escaped(text.replaceAll(/\s+/g, ' ').trim())
}

/** The text of documents and models is text: no heading, no link, no HTML. */
function escaped(text: string): string {
  return text.replaceAll(marks, '\\$&').replaceAll('](', ']\\(').replaceAll('![', '!\\[')
}
