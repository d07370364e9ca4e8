/** app.db: what a quota asks for at every upload, from an index instead of whole rows. */

export const quotaSql = `
CREATE INDEX documents_by_size ON documents (bytes, passages);
`
