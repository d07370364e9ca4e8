/** Whether a tenant cannot be worked for now because somebody holds it back, or because it is gone. */
import { Problem, type ProblemCode } from '../base/problem.ts'

const heldBack: readonly ProblemCode[] = [
  'not_found',
  'tenant_read_only',
  'tenant_suspended',
  'tenant_at_rest',
  'tenant_restoring',
  'tenant_deleting',
]

/** Asking again would not help: whoever lets the tenant go says that there is work again. */
export function isHeldBack(error: unknown): boolean {
  return error instanceof Problem && heldBack.includes(error.code)
}
