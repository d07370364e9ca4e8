/** Where a link inside an EPUB leads: to another part of the same archive, or nowhere. */
import { isSafeName } from '../archive/entry-name.ts'

export interface PartTarget {
  /** A name in the archive. */
  readonly path: string
  /** The id behind `#`, or empty. */
  readonly fragment: string
}

/**
 * @param base name of the part that the link stands in
 * @returns undefined for a link out of the archive: with a scheme, absolute, or climbing above the root
 */
export function resolveHref(base: string, href: string): PartTarget | undefined {
  const [beforeFragment = '', ...behind] = href.trim().split('#')
  const fragment = decode(behind.join('#'))
  const relative = decode(beforeFragment.split('?', 1)[0] ?? '')
  if (relative === '') return { path: base, fragment }
  if (/^[a-z][a-z0-9+.-]*:/i.test(relative) || relative.startsWith('/')) return undefined
  const segments = base.split('/').slice(0, -1)
  for (const segment of relative.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.pop() === undefined) return undefined
  }
  const path = segments.join('/')
  return isSafeName(path) ? { path, fragment } : undefined
}

/** Percent-encoding undone; as it stands where that is broken. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
