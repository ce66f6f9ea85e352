import type { File } from './candidates.ts';
import type { Sink } from './running.ts';

/** What all measurements share. */
export interface Place {
  sink: Sink;
  /** For further files; removed at the end. */
  directory: string;
  /** That of the sink. */
  certificateFile: string;
  small: File;
  large: File;
  /** Large enough to go in parts everywhere. */
  warmUp: File;
}
