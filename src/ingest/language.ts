/** Which language a passage and its document are in: by script where that decides, by n-grams where it does not. */

/** Letters of a passage that are looked at: three lines tell a language as well as thirty. */
const sampleMax = 400
/** Letters below which n-grams guess: the document's language is the better guess then. */
const lettersMin = 40
/** A whole document this short is still named when it has this much. */
const documentLettersMin = 12
/** Share of kana that makes Han characters Japanese; Chinese has none. */
const kanaShare = 0.05

type Script =
  | 'latin'
  | 'cyrillic'
  | 'arabic'
  | 'devanagari'
  | 'han'
  | 'kana'
  | 'hangul'
  | 'thai'
  | 'hebrew'
  | 'greek'
  | 'other'

/** A character of these says as much as several letters: a Japanese page may well have more Latin letters than kanji. */
const weights: Partial<Record<Script, number>> = { han: 3, kana: 3, hangul: 3 }

/** Scripts that one language of wide use has to itself, as ISO 639-1. */
const languageOfScript: Partial<Record<Script, string>> = {
  han: 'zh',
  kana: 'ja',
  hangul: 'ko',
  thai: 'th',
  hebrew: 'he',
  greek: 'el',
}

/** First code points of Unicode blocks up to the next entry, ascending; blocks without letters are left out as null. */
const scriptStarts: readonly (readonly [number, Script | null])[] = [
  [0x41, 'latin'],
  [0x5b, null],
  [0x61, 'latin'],
  [0x7b, null],
  [0xc0, 'latin'],
  [0x250, 'other'],
  [0x370, 'greek'],
  [0x400, 'cyrillic'],
  [0x530, 'other'],
  [0x590, 'hebrew'],
  [0x600, 'arabic'],
  [0x780, 'other'],
  [0x900, 'devanagari'],
  [0x980, 'other'],
  [0xe00, 'thai'],
  [0xe80, 'other'],
  [0x1100, 'hangul'],
  [0x1200, 'other'],
  [0x1e00, 'latin'],
  [0x1f00, 'greek'],
  [0x2000, null],
  [0x2e80, 'han'],
  [0x3000, null],
  [0x3040, 'kana'],
  [0x3100, 'han'],
  [0x3130, 'hangul'],
  [0x3190, 'han'],
  [0x31f0, 'kana'],
  [0x3200, null],
  [0x3400, 'han'],
  [0xa000, 'other'],
  [0xac00, 'hangul'],
  [0xd7b0, null],
  [0xf900, 'han'],
  [0xfb00, 'latin'],
  [0xfb1d, 'hebrew'],
  [0xfb50, 'arabic'],
  [0xfe00, null],
  [0xfe70, 'arabic'],
  [0xfeff, null],
  [0xff66, 'kana'],
  [0xffa0, null],
  [0x20000, 'han'],
]

/** Tells the languages of one document's passages; earlier passages help where a later one is too short to tell. */
export interface DocumentLanguages {
  /** ISO 639-1, or `und`. */
  detect(text: string): string
  /** The same for a page, which does not count: its passages will. */
  ofPage(text: string): string
  /** The language most of the text seen so far is in. */
  main(): string
}

export interface LanguageDetector {
  document(): DocumentLanguages
}

/** Loads the n-gram table (60 languages, about 30 MB): once a process. */
export async function createLanguageDetector(): Promise<LanguageDetector> {
  const { eld } = await import('eld/extrasmall')
  function guess(sample: string, isSure: boolean): string | undefined {
    const result = eld.detect(sample)
    return result.language && (!isSure || result.isReliable()) ? result.language : undefined
  }
  function detect(text: string, isSure: boolean): string | undefined {
    const sample = text.slice(0, sampleMax)
    // Numbers and single letters make n-grams of any language.
    if (!/\p{L}{3}/u.test(sample) && !/[\u2e80-\u9fff\uac00-\ud7af]/.test(sample)) return undefined
    const { script, letters } = mainScript(sample)
    if (!script) return undefined
    const known = languageOfScript[script]
    if (known) return known
    return letters >= (isSure ? lettersMin : documentLettersMin) ? guess(sample, isSure) : undefined
  }
  return {
    document() {
      const votes = new Map<string, number>()
      let unsure = ''
      const main = () => {
        const [best] = [...votes].sort((a, b) => b[1] - a[1])
        return best?.[0] ?? detect(unsure, false) ?? 'und'
      }
      return {
        detect(text) {
          const language = detect(text, true)
          if (language) votes.set(language, (votes.get(language) ?? 0) + text.length)
          else if (unsure.length < sampleMax) unsure += `${text.slice(0, sampleMax)}\n`
          return language ?? main()
        },
        ofPage(text) {
          const sure = detect(text, true) ?? main()
          return sure === 'und' ? (detect(text, false) ?? sure) : sure
        },
        main,
      }
    },
  }
}

/** The script most letters of a text are in; Han characters among kana count as Japanese. */
function mainScript(text: string): { script?: Script; letters: number } {
  const counts = new Map<Script, number>()
  for (const character of text) {
    const script = scriptOf(character.codePointAt(0) ?? 0)
    if (script) counts.set(script, (counts.get(script) ?? 0) + (weights[script] ?? 1))
  }
  const kana = counts.get('kana') ?? 0
  const han = counts.get('han') ?? 0
  if (kana > (kana + han) * kanaShare) {
    counts.set('kana', kana + han)
    counts.delete('han')
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1])
  return { ...(best && { script: best[0] }), letters: best?.[1] ?? 0 }
}

function scriptOf(code: number): Script | null {
  let low = 0
  let high = scriptStarts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((scriptStarts[middle]?.[0] ?? 0) <= code) low = middle + 1
    else high = middle
  }
  return scriptStarts[low - 1]?.[1] ?? null
}
