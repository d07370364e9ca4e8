/** What the results have in common, to narrow them down by. */
import type { FacetValue, SearchAnswer } from '../api/types.ts'
import { kindOf, languageName } from '../lib/format.ts'
import { type SearchRoute, searchRoute } from '../lib/route.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'

const words = strings.search
const valuesMax = 8

interface FacetPanelProps {
  route: SearchRoute
  facets: SearchAnswer['facets']
}

export function FacetPanel({ route, facets }: FacetPanelProps) {
  if (!facets) return null
  const groups = [
    { name: 'documents', chosen: route.documents, key: 'documents' },
    { name: 'tags', chosen: route.tags, key: 'tags' },
    { name: 'media_types', chosen: route.mediaTypes, key: 'mediaTypes' },
    { name: 'languages', chosen: route.languages, key: 'languages' },
  ] as const
  // One value for everything tells nothing, unless it was chosen.
  const told = groups.filter(({ name, chosen }) => facets[name].length > 1 || chosen.length > 0)
  if (told.length === 0) return null
  const isFiltered = groups.some(({ chosen }) => chosen.length > 0)
  return (
    <aside class="facets" aria-label={words.facets}>
      {told.map(({ name, chosen, key }) => (
        <fieldset key={name}>
          <legend>{words.facet[name]}</legend>
          {valuesOf(facets[name], chosen).map(({ value, title, count }) => (
            <label key={value}>
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={() => goTo({ ...route, [key]: toggled(chosen, value) })}
              />
              <span class="facet-name" dir="auto">
                {nameOf(name, value, title)}
              </span>
              <span class="quiet">{count}</span>
            </label>
          ))}
        </fieldset>
      ))}
      {isFiltered && (
        <button type="button" onClick={() => goTo(searchRoute(route.query, { mode: route.mode }))}>
          {words.clear}
        </button>
      )}
    </aside>
  )
}

/** The chosen ones stay in sight, so that they can be taken back. */
function valuesOf(values: readonly FacetValue[], chosen: readonly string[]): FacetValue[] {
  const shown = values.slice(0, valuesMax)
  const missing = chosen.filter((value) => !shown.some((one) => one.value === value))
  return [
    ...missing.map((value) => values.find((one) => one.value === value) ?? { value, count: 0 }),
    ...shown,
  ]
}

function nameOf(name: string, value: string, title: string | undefined): string {
  if (name === 'languages') return value === 'und' ? '—' : languageName(value)
  if (name === 'media_types') return kindOf(value, '')
  return title ?? value
}

function toggled(chosen: readonly string[], value: string): string[] {
  return chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]
}
