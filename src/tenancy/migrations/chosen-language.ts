/** app.db: the language that a person says a document is in, where what was detected is wrong. */

export const chosenLanguageSql = `
ALTER TABLE documents ADD COLUMN language_chosen TEXT;
`
