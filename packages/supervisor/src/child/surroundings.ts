import type { EventEmitter } from 'node:events';
import type { SupervisorEvents } from '../events.ts';
import type { Family } from '../family/family.ts';
import type { HeldSocket } from '../listener/held-socket.ts';
import type { ChildSettings } from '../options/settings.ts';
import type { Outputs } from '../output/outputs.ts';
import type { ExitHooks } from './exit-hooks.ts';

/** What a child needs of its supervisor. */
export interface ChildSurroundings {
  /** Those that a process with these settings inherits. */
  sockets(settings: ChildSettings): readonly HeldSocket[];
  readonly family: Family;
  /** Resolves when sockets are bound and the family is guarded. */
  prepared(settings: ChildSettings): Promise<void>;
  readonly events: EventEmitter<SupervisorEvents>;
  readonly outputs: Outputs;
  readonly exitHooks: ExitHooks;
}
