import type { Program } from '../program.ts';
import { type Candidate, forked } from './candidate.ts';

/** How a bare loop handles its child's standard output, if that has a log: through a pipe of its own, or as the child's own file. */
export type LogBy = 'pipe' | 'descriptor';

export interface RespawnOrder {
  programs: readonly Program[];
  logBy: LogBy;
}

/** The least that a supervisor can be. */
export function respawn(programs: readonly Program[], logBy: LogBy = 'pipe'): Candidate {
  return forked('under-respawn.js', { programs, logBy } satisfies RespawnOrder);
}

export function forever(programs: readonly Program[]): Candidate {
  return forked('under-forever.js', programs);
}
