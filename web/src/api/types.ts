/** What the server says, as far as the app looks at it (`/openapi.json` has the whole). */

export interface Progress {
  readonly phase: 'waiting' | 'opening' | 'reading' | 'publishing'
  readonly pages_done: number
  readonly pages_total: number | null
  /** 0 to 1. */
  readonly fraction: number | null
  readonly seconds_left: number | null
}

/** What came of an upload: a ZIP archive becomes several documents, or fewer than it has files. */
export interface Added {
  readonly documents: readonly DocumentRow[]
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
}

export interface DocumentRow {
  readonly id: string
  readonly title: string
  readonly filename: string
  readonly media_type: string
  readonly bytes: number
  readonly language: string | null
  readonly pages: number | null
  readonly passages: number
  readonly tags: readonly string[]
  readonly status: 'queued' | 'processing' | 'ready' | 'failed'
  /** While it is waiting or being read. */
  readonly progress: Progress | null
  readonly error: { readonly code: string; readonly detail: string } | null
  readonly created_at: string
}

export interface DocumentPage {
  readonly page: number
  readonly label: string | null
  readonly text: string
}

export interface ContentsItem {
  readonly title: string
  /** 1 is the highest. */
  readonly level: number
  readonly page: number | null
  readonly page_label: string | null
}

export interface Share {
  readonly used: number
  readonly limit: number | null
}

/** The ways to sign in beside a token. */
export interface SignInMethods {
  /** The host of the identity provider. */
  readonly provider: string | null
  readonly links: boolean
}

export interface Account {
  readonly user_id: string
  readonly tier: string
  readonly scopes: readonly string[]
  readonly quota: { readonly documents: Share; readonly bytes: Share; readonly passages: Share }
}

export interface ExplainedWord {
  readonly word: string
  readonly body: number
  readonly title: number
  readonly section: number
  readonly df: number
  readonly score: number
}

export interface Hit {
  readonly passage_id: string
  readonly document_id: string
  readonly title: string
  readonly page: number
  readonly page_label: string | null
  readonly section: readonly string[]
  readonly text: string
  readonly snippet: string
  readonly score: number
  readonly explain?: {
    readonly arms: readonly {
      readonly arm: string
      readonly rank: number | null
      readonly share: number
    }[]
    readonly words: readonly ExplainedWord[]
  }
}

export interface FacetValue {
  readonly value: string
  readonly title?: string
  readonly count: number
}

export interface SearchAnswer {
  readonly hits: readonly Hit[]
  readonly mode: 'keyword' | 'hybrid' | 'semantic'
  readonly corrected: readonly { readonly from: string; readonly to: string }[]
  readonly facets?: {
    readonly tags: readonly FacetValue[]
    readonly media_types: readonly FacetValue[]
    readonly languages: readonly FacetValue[]
    readonly documents: readonly FacetValue[]
  }
  readonly took_ms: number
}

export interface ProblemBody {
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly status: number
}
