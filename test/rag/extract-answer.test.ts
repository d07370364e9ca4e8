import { expect, test } from 'vitest'
import { extractAnswer } from '../../src/rag/extract-answer.ts'
import { searchOf } from '../../src/rag/question.ts'
import type { Source } from '../../src/rag/retriever.ts'
import { retrieve } from '../../src/rag/retriever.ts'
import { SentenceCutter } from '../../src/rag/sentence-cutter.ts'
import { withoutTurns } from '../../src/rag/turns.ts'
import { createAnalyser } from '../../src/search/analysis/analyser.ts'
import { RealTenant } from './real-tenant.ts'

const tools = { analyser: createAnalyser(), cutter: new SentenceCutter() }

function sourceOf(text: string, language: string, n = 1, score = 1): Source {
  const pages = [{ page: 7, label: 'vii', from: 0, text, start: 0, end: text.length }]
  const place = {
    passage_id: String(n),
    document_id: `doc_${n}`,
    title: 'T',
    section: [],
    language,
  }
  return { ...place, n, pages, page: 7, page_label: 'vii', text, snippet: '', score }
}

const filler: Readonly<Record<string, string>> = {
  en: 'The library was built of red stone. Its garden is open in summer.',
  zh: '图书馆由红色石头建成。花园夏天开放。',
  th: 'ห้องสมุดสร้างด้วยหินสีแดง สวนเปิดในฤดูร้อน',
  ru: 'Библиотека построена из красного камня. Сад открыт летом.',
}

test.each([
  ['en', 'Who opened the bridge in 1932?', 'Dr. Smith opened the bridge in 1932.'],
  ['zh', '谁在1932年开放了大桥？', '总督在1932年开放了大桥。'],
  ['th', 'ใครเปิดสะพานในปี 1932', 'ผู้ว่าการเปิดสะพานในปี 1932'],
  ['ru', 'Кто открыл мост в 1932 году?', 'Губернатор открыл новый мост в 1932 г. в городе.'],
])(
  '%s: the sentence that says it comes first, as it stands in its page',
  (language, question, sentence) => {
    const text = `${filler[language]} ${sentence} ${filler[language]}`
    const sources = [
      sourceOf(filler[language] ?? '', language, 1, 0.9),
      sourceOf(text, language, 2),
    ]
    const [best] = withoutTurns(extractAnswer(question, sources, tools))
    expect(best?.source.n).toBe(2)
    expect(best?.text).toContain(language === 'th' ? 'เปิดสะพาน' : sentence)
    expect(text.slice(best?.start, best?.end)).toBe(best?.text)
    expect(best).toMatchObject({ page: 7, page_label: 'vii' })
  },
)

test('nothing that has no word of the question is said, and nothing twice', () => {
  const text = 'The bridge is long. The bridge is long! Cats sleep.'
  const said = withoutTurns(extractAnswer('How long is the bridge?', [sourceOf(text, 'en')], tools))
  expect(said.map((one) => one.text)).toEqual(['The bridge is long.'])
  expect(
    withoutTurns(extractAnswer('Quantum chromodynamics?', [sourceOf(text, 'en')], tools)),
  ).toEqual([])
  expect(withoutTurns(extractAnswer('', [], tools))).toEqual([])
})

test('abbreviations, line ends and long runs are cut where a reader would', () => {
  const cutter = new SentenceCutter()
  const cut = (text: string, language = 'en') =>
    cutter.cut(text, language).map(({ start, end }) => text.slice(start, end))
  expect(cut('Mr. J. Smith met Dr. Jones\nin Paris. They left.')).toEqual([
    'Mr. J. Smith met Dr. Jones\nin Paris.',
    'They left.',
  ])
  expect(cut('Heading\n\n---\n\nA sentence.\n\n')).toEqual(['Heading', 'A sentence.'])
  expect(cut('价格是3.5元。下一句！', 'zh')).toEqual(['价格是3.5元。', '下一句！'])
  const long = 'สะพาน '.repeat(400)
  expect(cut(long, 'th').every((piece) => piece.length <= 420)).toBe(true)
  expect(cut(long, 'th').join(' ')).toBe(long.trim())
})

test('a question that says too little takes the words of the one before along; operators are words', () => {
  const { analyser } = tools
  expect(searchOf('Who opened the harbour bridge?', ['Whales?'], analyser)).toBe(
    'Who opened the harbour bridge',
  )
  expect(searchOf('And when?', ['Who opened the bridge?'], analyser)).toBe('And when opened bridge')
  expect(searchOf('And when?', ['Whales?'], analyser, 'bridge opened title:when "date"')).toBe(
    'And when bridge opened date',
  )
  expect(searchOf('tag:x -ship "white whale" mast*', [], analyser)).toBe('x ship white whale mast')
  expect(searchOf('谁开放了大桥？', ['Whales?'], analyser)).toBe('谁开放了大桥')
  expect(searchOf('?!', [], analyser)).toBe('')
})

test('sources are few of one document, no copies, widened to their neighbours, in reading order', async () => {
  const { library, handle } = new RealTenant()
  const about = (at: number) =>
    `The lighthouse keeper number ${at} wrote about storm ${at * 7} in his diary ${'abcdefgh'[at]}.`
  library.add('Diary', [0, 1, 2, 3, 4, 5].map(about))
  library.add('Copy', [about(1)])
  library.add('Letters', ['A letter to the lighthouse keeper says that the storm is over.'])
  const asked = { query: 'lighthouse keeper storm diary', filter: {} }
  const tight = await retrieve(handle, { ...asked, tokensMax: 1 })
  expect(tight.map(({ n }) => n)).toEqual(tight.map((_, at) => at + 1))
  const titles = tight.map(({ title }) => title)
  expect(new Set(titles).size).toBeGreaterThan(1)
  expect(titles).toEqual([...titles].sort((a, b) => titles.indexOf(a) - titles.indexOf(b)))
  for (const { pages } of tight)
    expect(pages[0]?.text.slice(pages[0].start, pages[0].end)).not.toBe('')
  const wide = await retrieve(handle, { ...asked, tokensMax: 4_000 })
  const lengths = (list: typeof wide) =>
    list.map(({ pages: [page] }) => (page?.end ?? 0) - (page?.start ?? 0))
  expect(Math.max(...lengths(wide))).toBeGreaterThan(Math.max(...lengths(tight)))
  const bare = await retrieve(handle, { ...asked, tokensMax: 4_000, isBare: true })
  const said = (list: typeof wide) =>
    withoutTurns(extractAnswer('Who wrote about the storm?', list, tools)).map(
      ({ source: { pages: _, ...source }, ...quote }) => ({ ...source, ...quote }),
    )
  expect(said(bare)).toEqual(said(wide))
  expect(bare.flatMap(({ pages }) => pages)).toEqual(
    wide.flatMap(({ pages }) =>
      pages.map(({ text, from, ...page }) => ({
        ...page,
        from: page.start,
        text: text.slice(page.start - from, page.end - from),
      })),
    ),
  )
  expect(await retrieve(handle, { query: '', filter: {}, tokensMax: 10 })).toEqual([])
})
