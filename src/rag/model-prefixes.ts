/** What embedding models want to read before a question and before a passage, by the family their name tells. */

export interface Prefixes {
  readonly query: string
  readonly document: string
}

const none: Prefixes = { query: '', document: '' }
const representSentence = 'Represent this sentence for searching relevant passages: '
const instruct =
  'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: '

/** As the model cards say; the first that matches counts, so exceptions stand before their family. */
const families: readonly (readonly [RegExp, Prefixes])[] = [
  [/e5.*instruct|e5-mistral/, { query: instruct, document: '' }],
  [/mxbai-embed-de/, { query: 'query: ', document: 'passage: ' }],
  [/(^|[/_.-])e5([/_.:-]|$)/, { query: 'query: ', document: 'passage: ' }],
  [/nomic-embed-text/, { query: 'search_query: ', document: 'search_document: ' }],
  [
    /bge-(small|base|large)-zh(?!-v1\.5)/,
    { query: '为这个句子生成表示以用于检索相关文章：', document: '' },
  ],
  [/bge-(small|base|large)(?!-zh)/, { query: representSentence, document: '' }],
  [/mxbai-embed/, { query: representSentence, document: '' }],
  [/arctic-embed(2|.*v2)/, { query: 'query: ', document: '' }],
  [/arctic-embed/, { query: representSentence, document: '' }],
  [/embeddinggemma/, { query: 'task: search result | query: ', document: 'title: none | text: ' }],
  [/qwen3-embedding/, { query: instruct, document: '' }],
]

/**
 * @param model as the endpoint calls it: `nomic-embed-text`, `intfloat/multilingual-e5-small`, `bge-large:latest`
 * @returns the family's prefixes; empty ones for a model that needs none, or that nobody here knows
 */
export function prefixesOf(model: string): Prefixes {
  const name = model.toLowerCase()
  return families.find(([pattern]) => pattern.test(name))?.[1] ?? none
}
