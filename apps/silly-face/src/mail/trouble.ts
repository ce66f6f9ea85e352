import type { AlertEvent, AlertKind } from '@silly-face/supervisor';

/** An alert of the supervisor, or a line that somebody should read. */
export type TroubleKind = AlertKind | 'fatal' | 'stderr';

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
