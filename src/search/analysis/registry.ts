/** Every language the analyser knows more of than its script. A new family is a file and a line here. */
import { asian } from './asian.ts'
import { english } from './english.ts'
import { european } from './european.ts'
import { foldWord } from './folding.ts'
import { germanic } from './germanic.ts'
import type { Language } from './language.ts'
import { romance } from './romance.ts'
import { slavic } from './slavic.ts'
import { unspaced } from './unspaced.ts'

const families = [english, germanic, romance, slavic, european, asian, unspaced]
const languages: ReadonlyMap<string, Language> = new Map(
  families.flat().map((language) => [language.code, language]),
)
const unknown: Language = { code: 'und' }

/** @param code ISO 639-1, also with a region (`pt-BR`), or `und`; anything unknown is `und`, words without stemming */
export function languageOf(code: string): Language {
  return languages.get(code) ?? languages.get(code.split(/[-_]/)[0]?.toLowerCase() ?? '') ?? unknown
}

/** Stop words as an analyser compares them: without diacritics. */
export function stopWordsOf(language: Language): ReadonlySet<string> {
  return new Set((language.stopWords ?? '').split(/\s+/).filter(Boolean).map(foldWord))
}
