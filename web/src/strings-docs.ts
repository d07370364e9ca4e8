/** The words of the API reference. */
export const docsStrings = {
  title: 'API',
  lead: (version: string) => `Every address of Carrel ${version}, as this server describes it.`,
  file: 'The same for programs: /openapi.json (OpenAPI 3.1)',
  filter: 'Find an address or what it does',
  count: (shown: number, all: number) =>
    shown === all ? `${all} operations` : `${shown} of ${all} operations`,
  none: 'Nothing fits.',
  loading: 'Reading the description…',
  contents: 'Contents',
  parameters: 'Parameters',
  body: (mediaType: string) => `Body: ${mediaType}`,
  answers: 'Answers',
  example: 'Example',
  copy: 'Copy',
  copied: 'Copied',
  columns: { name: 'Name', type: 'Type', description: 'What it is' },
  required: 'required',
}
