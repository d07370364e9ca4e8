/** Everything that the audit has a word for. A route that changes something names one of these, or `none`. */

export const auditActions = [
  'sign_in',
  'document.upload',
  'document.change',
  'document.delete',
  'document.reprocess',
  'document.cancel',
  'upload.delete',
  'conversation.change',
  'conversation.delete',
  'key.create',
  'key.delete',
  'library.export',
  'library.import',
  'account.delete',
  'tenant.state',
  'tenant.adopt',
  'snapshot.create',
  'snapshot.delete',
  'snapshot.restore',
  'control.copy',
  'allowance.change',
  'tiers.change',
  'revocation.create',
  'webhook.create',
  'webhook.delete',
  'webhook.replay',
] as const

export type AuditAction = (typeof auditActions)[number]
