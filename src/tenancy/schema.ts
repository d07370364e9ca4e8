/** The versions of a tenant's two files: append-only lists of migrations, and the ids that mark them as ours. */
import { chosenLanguageSql } from './migrations/chosen-language.ts'
import { conversationsSql } from './migrations/conversations.ts'
import { jobTurnsSql } from './migrations/job-turns.ts'
import { keywordIndexSql } from './migrations/keyword-index.ts'
import { librarySql } from './migrations/library.ts'
import { quotaSql } from './migrations/quota.ts'
import { readingSql } from './migrations/reading.ts'
import { vecsMetaSql } from './migrations/vecs-meta.ts'
import { vectorChangesSql } from './migrations/vector-changes.ts'
import { vectorsSql } from './migrations/vectors.ts'

/** `Crla` and `Crlv` in ASCII. */
export const appApplicationId = 0x43726c61
export const vecsApplicationId = 0x43726c76

/** Index + 1 is the file's `user_version`. Released entries are never edited. */
export const appMigrations: readonly string[] = [
  librarySql + keywordIndexSql + vectorChangesSql,
  jobTurnsSql,
  readingSql,
  conversationsSql,
  quotaSql,
  chosenLanguageSql,
]
export const vecsMigrations: readonly string[] = [vecsMetaSql + vectorsSql]
