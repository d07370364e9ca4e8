/** What the elements of HTML mean for someone who only reads. */
import type { Attributes } from './parser.ts'

function setOf(names: string): ReadonlySet<string> {
  return new Set(names.split(' '))
}

/** Never text of the page: programs, styles, controls, and what stands in for a medium. Ruby is said twice otherwise. */
const skipped = setOf(
  'script style template noscript iframe object embed audio video canvas select option datalist button textarea input ' +
    'meta link base map rt rp rtc annotation annotation-xml metadata desc dialog progress meter',
)
/** Each begins and ends a paragraph. */
const blocks = setOf(
  'address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form ' +
    'frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary table tbody td ' +
    'text tfoot th thead title tr ul caption foreignobject',
)
/** Controls that pages carry for their own editors and readers. */
const toolClasses =
  /(?:^|\s)(?:mw-editsection|mw-jump-link|noprint|headerlink|anchorjs-link|sr-only)(?:\s|$)/
const hiddenStyle = /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i

export function isBlock(name: string): boolean {
  return blocks.has(name)
}

export function headingLevel(name: string): number | undefined {
  return name.length === 2 && /^h[1-6]$/.test(name) ? Number(name[1]) : undefined
}

/** Whether an element and all that is in it is no text. */
export function isSkipped(name: string, attributes: Attributes): boolean {
  if (skipped.has(name)) return true
  if (attributes['hidden'] !== undefined && attributes['hidden'] !== 'until-found') return true
  const { style, class: classes } = attributes
  if (style !== undefined && hiddenStyle.test(style)) return true
  if (classes !== undefined && toolClasses.test(classes)) return true
  return name === 'nav' && isOutlineNav(attributes)
}

/** Lists of links that EPUB reading systems show beside the text (EPUB 3.3, 7.4). */
function isOutlineNav(attributes: Attributes): boolean {
  return /(?:^|\s)(?:toc|page-list|landmarks)(?:\s|$)/.test(semantics(attributes))
}

/** What EPUB (`epub:type`) or ARIA (`role`, DPUB-ARIA) say an element is. */
export function semantics(attributes: Attributes): string {
  const role = attributes['role']?.replace(/\bdoc-/g, '') ?? ''
  return `${attributes['epub:type'] ?? ''} ${role}`.trim()
}

export function isPageBreak(attributes: Attributes): boolean {
  return /(?:^|\s)pagebreak(?:\s|$)/.test(semantics(attributes))
}

export function isNote(attributes: Attributes): boolean {
  return /(?:^|\s)(?:footnote|endnote|rearnote)(?:\s|$)/.test(semantics(attributes))
}

export function isNoteReference(attributes: Attributes): boolean {
  return /(?:^|\s)noteref(?:\s|$)/.test(semantics(attributes))
}
