/** Light, dark, or as the system has it. */
import { Store } from '../base/store.ts'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
const key = 'carrel.theme'

export const theme = new Store<Theme>(stored())

export function setTheme(next: Theme): void {
  theme.set(next)
  show(next)
  try {
    localStorage.setItem(key, next)
  } catch {
    // Kept for this visit only, where the browser keeps nothing.
  }
}

function stored(): Theme {
  try {
    return themes.find((one) => one === localStorage.getItem(key)) ?? 'system'
  } catch {
    return 'system'
  }
}

function show(next: Theme): void {
  if (next === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = next
}

show(theme.value)
