/** Facets: what the documents of a result have in common, counted in passages, so that a person can narrow it down. */
import type { Db } from '../base/sqlite.ts'

// `json_each` has a column `value` too, and a GROUP BY takes a column before an alias: it names the table.
const ofPassages = `FROM json_each(?) AS hit JOIN passages p ON p.id = hit.value
  JOIN documents d ON d.seq = p.document_seq`
const order = 'ORDER BY count DESC, value LIMIT ?'
const selectTags = `SELECT t.tag AS value, count(*) AS count ${ofPassages}
  JOIN tags t ON t.document_seq = d.seq GROUP BY t.tag ${order}`
const selectTypes = `SELECT d.media_type AS value, count(*) AS count ${ofPassages} GROUP BY d.media_type ${order}`
const selectLanguages = `SELECT d.language AS value, count(*) AS count ${ofPassages}
  WHERE d.language IS NOT NULL GROUP BY d.language ${order}`
const selectDocuments = `SELECT d.id AS value, d.title AS title, count(*) AS count ${ofPassages} GROUP BY d.seq ${order}`

/** More than fit on a screen. */
const valuesMax = 20

export interface FacetCount {
  readonly value: string
  /** Passages of the result. */
  readonly count: number
}

export interface Facets {
  readonly tags: readonly FacetCount[]
  readonly media_types: readonly FacetCount[]
  readonly languages: readonly FacetCount[]
  readonly documents: readonly (FacetCount & { readonly title: string })[]
}

/** Counts over passages by id, the most frequent values first. Ids of passages that are gone do not count. */
export function facetsOf(app: Db, passageIds: readonly number[]): Facets {
  const ids = JSON.stringify(passageIds)
  return {
    tags: app.all<FacetCount>(selectTags, ids, valuesMax),
    media_types: app.all<FacetCount>(selectTypes, ids, valuesMax),
    languages: app.all<FacetCount>(selectLanguages, ids, valuesMax),
    documents: app.all<FacetCount & { title: string }>(selectDocuments, ids, valuesMax),
  }
}
