/** The words of API keys and of leaving. */
export const keyStrings = {
  title: 'API keys',
  text: 'A program with a key opens this library and no other. The key is shown once; take it away, and it opens nothing from that moment on.',
  name: 'What it is for',
  may: 'It may',
  scopes: { read: 'read and search', write: 'add, change and delete', chat: 'ask questions' },
  make: 'Make a key',
  nameNeeded: 'Say first what it is for, to know it again.',
  mayNothing: 'Choose something that it may do.',
  made: 'This is the key. Copy it now: it is not shown again.',
  newKey: 'The new key',
  copy: 'Copy',
  copied: 'Copied',
  copyFailed: 'The browser did not allow copying; select it instead.',
  none: 'There is none yet.',
  begins: (prefix: string) => `begins with ${prefix}`,
  used: (time: string | null) => (time === null ? 'never used' : `last used ${time}`),
  end: 'Take away',
  endOf: (name: string) => `Take away: ${name}`,
}

export const leaveStrings = {
  title: 'Delete everything',
  text: 'Documents, what was read of them, conversations, keys and backups on this server. Save the library first if you may want it again.',
  begin: 'Delete everything…',
  confirm: (user: string) => `This cannot be undone. Type ${user} to say so.`,
  name: 'Your name here',
  yes: 'Yes, delete everything',
  keep: 'Keep it',
}
