/** Tells HTML and XHTML from other text. */

/** What saved pages carry in front: comments ("saved from url"), XML declarations and processing instructions. */
const prologue = /^(?:\s|<!--[\s\S]*?-->|<\?[\s\S]*?\?>)+/
const page = /^<(?:!doctype\s+html[\s>]|html[\s>]|head[\s>]|body[\s>])/i
const anyTag = /^<[a-z!]/i

/**
 * @param text the beginning of the file
 * @param filename as the person called it: it makes a page of a piece of HTML
 */
export function isHtml(text: string, filename: string): boolean {
  const start = text.replace(prologue, '')
  if (page.test(start)) return true
  return /\.(?:html?|xhtml)$/i.test(filename) && anyTag.test(start)
}
