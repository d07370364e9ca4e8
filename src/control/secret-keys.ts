/** The keys of the secrets: given by the operator, else made once and kept beside control.db, readable by its user alone. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { removeFile, syncDirectory, writeFileDurably } from '../base/fs.ts'
import { StartError } from '../base/start-error.ts'
import { keyIdOf, parseRoot, rootBytes, Secrets } from './secrets.ts'

/** What the operator gave: the key, and one that was before it. */
export interface GivenKeys {
  readonly current?: Buffer | undefined
  readonly old?: Buffer | undefined
}

type Roots = readonly [Buffer, ...Buffer[]]

export class SecretKeys {
  readonly secrets: Secrets
  readonly #path: string
  readonly #given: GivenKeys
  /** Of the file, the newest first. */
  #kept: readonly Buffer[]

  /**
   * Reads the file of keys; makes it where none was given.
   * @throws StartError for a file that cannot be used
   */
  constructor(path: string, given: GivenKeys = {}) {
    this.#path = path
    this.#given = given
    this.#kept = keptRoots(path)
    if (!given.current && this.#kept.length === 0) this.#make()
    this.secrets = new Secrets(this.#roots())
  }

  /** From now on another key seals, and those before still open. The operator's own key is changed by the operator. */
  begin(): void {
    if (!this.#given.current) this.#keep([randomBytes(rootBytes), ...this.#kept])
    this.secrets.replace(this.#roots())
  }

  /** Forgets every key of the file that seals nothing any more. @param sealed all that there is */
  end(sealed: readonly string[]): void {
    const inUse = new Set(sealed.map(keyIdOf))
    const isCurrent = (at: number): boolean => at === 0 && !this.#given.current
    this.#keep(
      this.#kept.filter((root, at) => isCurrent(at) || inUse.has(new Secrets([root]).keyId)),
    )
    this.secrets.replace(this.#roots())
  }

  #make(): void {
    try {
      this.#keep([randomBytes(rootBytes)])
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new StartError(`${this.#path} cannot be written: ${code}`)
    }
  }

  #roots(): Roots {
    const { current, old } = this.#given
    const [first, ...others] = [current, ...this.#kept, old].filter((root) => root !== undefined)
    if (!first) throw new Error('there is no key')
    return [first, ...others]
  }

  /** Durable before it counts: what is sealed under a key that a crash loses is lost with it. */
  #keep(roots: readonly Buffer[]): void {
    if (roots.length === 0) {
      removeFile(this.#path)
      syncDirectory(dirname(this.#path))
    } else {
      const text = roots.map((root) => `${root.toString('base64')}\n`).join('')
      writeFileDurably(this.#path, text)
    }
    this.#kept = roots
  }
}

/** The keys of the file, the newest first; none where there is no file. @throws StartError for one that cannot be used */
export function keptRoots(path: string): Buffer[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw new StartError(`${path} cannot be read: ${code}`)
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const root = parseRoot(line)
      if (root) return root
      throw new StartError(
        `${path} is damaged: put it back from a backup, or remove it and make webhooks and chat keys anew`,
      )
    })
}
