/** What the server says: the types that are made from its own description, by the names that the app has for them. */
import type { components, paths } from '../../../clients/ts/src/schema.ts'

/** Nothing of an answer is changed here. */
export type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T

type Ok = 200 | 201 | 202

/** The answer of a route when all went well, as JSON. */
export type Answer<
  Path extends keyof paths,
  Method extends keyof paths[Path],
> = paths[Path][Method] extends { responses: infer Responses }
  ? Responses[keyof Responses & Ok] extends { content: { 'application/json': infer Json } }
    ? Immutable<Json>
    : never
  : never

export type DocumentRow = Immutable<components['schemas']['Document']>
export type ProblemBody = Immutable<components['schemas']['Problem']>
/** What came of an upload: a ZIP archive becomes several documents, or fewer than it has files. */
export type Added = Answer<'/v1/documents', 'post'>
export type DocumentPage = Answer<'/v1/documents/{id}/pages/{number}', 'get'>
export type ContentsItem = Answer<'/v1/documents/{id}/contents', 'get'>['items'][number]
export type PageReport = Answer<'/v1/documents/{id}/report', 'get'>
export type SignInMethods = Answer<'/auth/methods', 'get'>
export type Account = Pick<Answer<'/v1/me', 'get'>, 'user_id' | 'scopes'> & {
  /** `operator` is nobody’s library. */
  readonly tier: Answer<'/v1/me', 'get'>['tier'] | 'operator'
  readonly quota: Pick<Answer<'/v1/me', 'get'>['quota'], 'documents' | 'bytes' | 'passages'>
}
export type Share = Account['quota']['documents']
export type SearchAnswer = Answer<'/v1/search', 'post'>
export type Hit = SearchAnswer['hits'][number]
export type FacetValue = NonNullable<SearchAnswer['facets']>['tags'][number] & {
  /** Of a document. */
  readonly title?: string
}
