/** Starts the app: draws it, asks who is there, loads the library, follows what is being read. */
import './styles/base.css'
import './styles/shell.css'
import './styles/library.css'
import './styles/library-parts.css'
import './styles/search.css'
import './styles/reader.css'
import './styles/chat.css'
import './styles/chat-parts.css'
import './styles/tables.css'
import './styles/account.css'
import { render } from 'preact'
import { onServerBack } from './base/connection.ts'
import { loadLibrary } from './state/library.ts'
import { followProgress } from './state/progress.ts'
import { hasLibrary, loadAccount } from './state/session.ts'
import './state/theme.ts'
import { tokenNeed } from './base/token.ts'
import { Shell } from './views/shell.tsx'

async function load(): Promise<void> {
  try {
    await loadAccount()
  } catch {
    // Said by the banner or the sign-in screen, and done again by what is below.
    return
  }
  if (hasLibrary()) await loadLibrary()
}

const root = document.getElementById('app')
if (root) render(<Shell />, root)
onServerBack(() => void load())
tokenNeed.subscribe(() => {
  if (tokenNeed.value === 'none' && hasLibrary()) void loadLibrary()
})
// Another tab may have changed it.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible' || tokenNeed.value !== 'none') return
  if (hasLibrary()) void loadLibrary()
})
void load().then(() => hasLibrary() && void followProgress())
