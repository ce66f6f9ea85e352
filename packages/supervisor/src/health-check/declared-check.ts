import { checkKeys } from '../options/rules.ts';
import { httpCheckRules, tcpCheckRules } from './check-rules.ts';
import type { ResolvedCheck } from './health-check.ts';
import { httpProbe, type HttpCheckOptions } from './http-check.ts';
import { lineProbe, validateLineCheck, type LineCheckOptions } from './line-check.ts';
import { tcpProbe, type TcpCheckOptions } from './tcp-check.ts';

/** A built-in check as data, which a JSON file can hold. */
export type DeclaredCheck =
  | ({ readonly type: 'http' } & HttpCheckOptions)
  | ({ readonly type: 'tcp' } & TcpCheckOptions)
  | ({ readonly type: 'line' } & LineCheckOptions);

/**
 * What `healthCheck` may be: a function of the child's port, what `httpCheck`, `tcpCheck` and `lineCheck` return, another object
 * with `probe`, or one of the three as data: `{ type: 'http', path: '/health' }`.
 */
export type HealthCheck = ResolvedCheck | DeclaredCheck;

/** Throws `INVALID_OPTION`; `path` is what messages call the check. */
export function resolveCheck(check: HealthCheck, path: string): ResolvedCheck {
  if (typeof check === 'function' || 'probe' in check) return check;
  const { type, ...options } = check;
  if (type === 'http') {
    checkKeys(options, path, httpCheckRules);
    return httpProbe(options);
  }
  if (type === 'tcp') {
    checkKeys(options, path, tcpCheckRules);
    return tcpProbe(options);
  }
  validateLineCheck(options, path);
  return lineProbe(options);
}
