import type { CutConnections } from '@silly-face/graceful-shutdown';
import type { ServerKind, TestServer } from '../server-kinds.ts';

interface Opened {
  /** What the client does once the drain has begun, before anything is answered. */
  meanwhile?(): Promise<void>;
  /** What it does once everything is answered. */
  afterwards?(): Promise<void>;
  /** Lets a client that does not read see its end. */
  read?(): void;
  /** All that the client received, when its connection has ended. */
  ended: Promise<string>;
}

/** One kind of connection in some state, in which the shutdown finds it. */
export interface Row {
  kind: string;
  /** Ends by being cut only. */
  stuck?: boolean;
  /** Waits for bytes that come during the drain, so the limits have to be generous. */
  patient?: boolean;
  server: ServerKind;
  open(server: TestServer): Promise<Opened>;
  /** What the client must have received after a drain. */
  answer: RegExp;
  /** What a forced end has to cut; nothing when the connection ends by itself. */
  cut?: Partial<CutConnections>;
}
