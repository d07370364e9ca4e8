/** What RTF's destinations mean for someone who only reads (RTF Specification 1.9.1). */

/** Where the text of a group goes. */
export type Destination = 'text' | 'skip' | 'fonts' | 'styles' | 'title' | 'note' | 'box' | 'mark'

/** Properties that end with their group. */
export interface Group {
  destination: Destination
  /** How many characters stand in for one `\u`. */
  fallback: number
  codePage: number
  isHidden: boolean
  /** The group began with `\*`: what is not known is skipped. */
  isOptional: boolean
  /** Nothing but `\*` has come. */
  isFresh: boolean
}

/** Destinations whose text is none of the document, `\*` or not. */
const skipped: ReadonlySet<string> = new Set(
  (
    'colortbl filetbl revtbl rsidtbl generator pict objdata objclass header headerl headerr headerf footer footerl ' +
    'footerr footerf ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn annotation atnid atnauthor atnref tc tcn xe rxe ' +
    'listtable listoverridetable xmlnstbl fldinst shprslt nonshppict themedata datastore latentstyles datafield ' +
    'operator author subject keywords comment doccomm company manager category hlinkbase bkmkstart bkmkend sp'
  ).split(' '),
)

const destinations: Readonly<Record<string, Destination>> = {
  fonttbl: 'fonts',
  stylesheet: 'styles',
  title: 'title',
  footnote: 'note',
  shptxt: 'box',
  listtext: 'mark',
  pntext: 'mark',
  info: 'skip',
  upr: 'skip',
  ud: 'text',
  shp: 'text',
  shpinst: 'skip',
  shppict: 'skip',
  object: 'text',
  result: 'text',
  fldrslt: 'text',
}

/** @returns undefined for a word that is no destination */
export function destinationOf(name: string, isOptional: boolean): Destination | undefined {
  const known = destinations[name]
  if (known !== undefined) return known
  return skipped.has(name) || isOptional ? 'skip' : undefined
}

/** Destinations that are read although the group around them is skipped. */
export function isReadInside(name: string): boolean {
  return name === 'ud' || name === 'shptxt' || name === 'title'
}
