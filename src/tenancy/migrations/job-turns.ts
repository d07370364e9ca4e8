/** app.db: jobs in the order of their turn, small ones first, where a megabyte counts as ten seconds of waiting. */

export const jobTurnsSql = `
DROP INDEX jobs_by_turn;
CREATE INDEX jobs_by_turn ON jobs (state, not_before + bytes / 100, id);
`
