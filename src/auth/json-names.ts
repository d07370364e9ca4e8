/** Whether a JSON object says one name twice: parsers disagree about which one counts, so nobody’s token may. */

/** Strings, and what opens, closes and separates; the rest of valid JSON says nothing about names. */
const marks = /"(?:[^"\\]|\\.)*"|[{}[\],]/g
const depthBy: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 }

/**
 * @param text a JSON object
 * @returns whether it has a member twice, however the name is escaped; objects within it are not looked at
 */
export function hasDuplicateNames(text: string): boolean {
  const names = outermostNames(text)
  return new Set(names).size < names.length
}

function outermostNames(text: string): string[] {
  const names: string[] = []
  let depth = 0
  let before = ''
  for (const [mark] of text.matchAll(marks)) {
    const isName = depth === 1 && mark.startsWith('"') && (before === '{' || before === ',')
    if (isName) names.push(JSON.parse(mark) as string)
    depth += depthBy[mark] ?? 0
    before = mark
  }
  return names
}
