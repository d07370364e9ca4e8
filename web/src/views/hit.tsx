/** One passage that was found: where it stands, what it says, and why it is here. */
import { useState } from 'preact/hooks'
import { messageOf } from '../api/http.ts'
import { search } from '../api/search.ts'
import type { Hit } from '../api/types.ts'
import { pageName } from '../lib/citation.ts'
import { readRoute, type SearchRoute } from '../lib/route.ts'
import { snippetParts } from '../lib/snippet.ts'
import { strings } from '../strings.ts'
import { CiteButton } from './cite-button.tsx'
import { Link } from './link.tsx'

const words = strings.search

interface HitItemProps {
  hit: Hit
  route: SearchRoute
  rank: number
}

export function HitItem({ hit, route, rank }: HitItemProps) {
  const to = readRoute(hit.document_id, hit.page, { query: route.query, passage: hit.passage_id })
  return (
    <li class="hit" aria-posinset={rank}>
      <h2 dir="auto">
        <Link to={to} isHit>
          {hit.title}
        </Link>
        <span class="page-chip">{words.page(pageName(hit.page, hit.page_label))}</span>
      </h2>
      {hit.section.length > 0 && (
        <p class="section quiet" dir="auto">
          {hit.section.join(' › ')}
        </p>
      )}
      <p class="snippet" dir="auto">
        {snippetParts(hit.snippet).map(({ text, isMarked }, at) =>
          isMarked ? <mark key={at}>{text}</mark> : <span key={at}>{text}</span>,
        )}
      </p>
      <div class="hit-actions">
        <CiteButton citable={hit} />
        <Why hit={hit} route={route} />
      </div>
    </li>
  )
}

type Explain = NonNullable<Hit['explain']>

function Why({ hit, route }: { hit: Hit; route: SearchRoute }) {
  const [explain, setExplain] = useState<Explain>()
  const [problem, setProblem] = useState('')
  const ask = async (): Promise<void> => {
    if (explain) return
    try {
      const { hits } = await search(route, { explain: true })
      setExplain(hits.find(({ passage_id }) => passage_id === hit.passage_id)?.explain)
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  return (
    <details class="why" onToggle={(event) => event.currentTarget.open && void ask()}>
      <summary>{words.why}</summary>
      {explain ? (
        <Explained explain={explain} />
      ) : (
        <p class="quiet">{problem || words.whyLoading}</p>
      )}
    </details>
  )
}

function Explained({ explain: { arms, words: matched } }: { explain: Explain }) {
  const total = arms.reduce((sum, { share }) => sum + share, 0)
  return (
    <ul>
      {arms.length > 1 &&
        total > 0 &&
        arms.map(({ arm, share }) => (
          <li key={arm}>
            {words.whyShare(words.whyArms[arm] ?? arm, Math.round((100 * share) / total))}
          </li>
        ))}
      {matched.map(({ word, body, title, section, df }) => (
        <li key={word}>
          <strong dir="auto">{words.whyWord(word)}</strong>{' '}
          {[words.whyPlaces(body, title, section), words.whyRarity(df)].filter(Boolean).join('; ')}
        </li>
      ))}
      {matched.length === 0 && <li>{words.whyNoWords}</li>}
    </ul>
  )
}
