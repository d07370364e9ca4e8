/** Turns Markdown into blocks of plain text: words as they read, structure as marks beside them. */
import { lexer, type Token, type Tokens } from 'marked'
import { cleanText } from './clean.ts'
import type { TextBlock } from './page-composer.ts'

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
}

/** @param source Markdown (CommonMark and GitHub's tables) without front matter; @throws RangeError when nested too deeply */
export function renderMarkdown(source: string): TextBlock[] {
  const blocks: TextBlock[] = []
  for (const token of lexer(source)) {
    const text = cleanText(renderBlock(token as Tokens.Generic))
    if (text === '') continue
    if (token.type === 'heading') blocks.push({ text, level: (token as Tokens.Heading).depth })
    else blocks.push({ text, isWhole: ['code', 'table', 'list'].includes(token.type) })
  }
  return blocks
}

function renderBlock(token: Tokens.Generic): string {
  switch (token.type) {
    case 'code':
      return token['text']
    case 'table':
      return renderTable(token as Tokens.Table)
    case 'list':
      return renderList(token as Tokens.List)
    case 'blockquote':
      return (token.tokens ?? []).map((child) => renderBlock(child as Tokens.Generic)).join('\n\n')
    case 'html':
      return withoutTags(token['text'])
    case 'heading':
    case 'paragraph':
    case 'text':
      return renderInline(token.tokens, token['text'])
    default:
      return ''
  }
}

function renderTable({ header, rows }: Tokens.Table): string {
  return [header, ...rows]
    .map((row) => row.map((cell) => renderInline(cell.tokens, cell.text)).join(' | '))
    .join('\n')
}

function renderList({ ordered, start, items }: Tokens.List): string {
  return items
    .map((item, index) => {
      const mark = ordered ? `${Number(start || 1) + index}. ` : '- '
      const content = item.tokens
        .map((child) => renderBlock(child as Tokens.Generic))
        .filter((text) => text !== '')
        .join('\n')
      return mark + content.replaceAll('\n', '\n  ')
    })
    .join('\n')
}

/** Words of a line; links give their text, pictures what they show. */
function renderInline(tokens: readonly Token[] | undefined, fallback: string): string {
  if (!tokens) return decodeEntities(fallback)
  return tokens.map((token) => renderSpan(token as Tokens.Generic)).join('')
}

function renderSpan(token: Tokens.Generic): string {
  switch (token.type) {
    case 'br':
      return '\n'
    case 'codespan':
      return token['text']
    case 'image':
      return decodeEntities(token['text'])
    case 'html':
      return withoutTags(token['text'])
    default:
      return renderInline(token.tokens, token['text'] ?? '')
  }
}

function withoutTags(html: string): string {
  const text = html
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<(?:br|\/p|\/div|\/li|\/tr|\/h\d)[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, '')
  return decodeEntities(text)
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => entities[entity] ?? entity)
}
