import type { AlertEvent, AlertKind } from '@silly-face/supervisor';

/** An alert of the supervisor, a line that somebody should read, or a start of the whole that failed. */
export type TroubleKind = AlertKind | 'fatal' | 'stderr' | 'start-failed';

/** Something that the owner should know. */
export interface Trouble extends Pick<
  AlertEvent,
  | 'child'
  | 'pid'
  | 'exitCode'
  | 'signal'
  | 'reason'
  | 'lastLines'
  | 'restarts'
  | 'count'
  | 'firstAt'
  | 'lastAt'
> {
  readonly kind: TroubleKind;
}
