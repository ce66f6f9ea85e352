import type { Encoded } from './encoded.ts';
import type { AuthFrame, ByeCode, CommandFrame } from './frames.ts';

/** One client, over TCP or a WebSocket, as the rooms see it. None of its methods calls the handler before it returns. */
export interface PartyConnection {
  /** Unique in this process. */
  readonly id: number;
  /** Address and port of the client. */
  readonly remote: string;
  /** False from the BYE or the end on; what is sent then goes nowhere. */
  readonly open: boolean;
  /** Written with all else of this turn of the event loop, in order. */
  send(frame: Encoded): void;
  /** Ends the wait for AUTH: from now on commands come. */
  authenticated(): void;
  /** Says BYE with the reason, after all that was sent before, and ends. */
  bye(code: ByeCode, reason: string): void;
  /** Ends after all that was sent before, without a BYE: for MOVE. */
  end(): void;
  /** No more commands until `resume`; they wait, and none is lost. */
  pause(): void;
  resume(): void;
}

/** What the connections talk to. What it throws, or rejects with, ends the connection with BYE `server-error`. */
export interface PartyHandler {
  /**
   * Answers with `authenticated()`, `bye()` or `end()`. Commands that came behind the AUTH wait until the promise is settled; when
   * none of the three was called by then, the client may try again within the limit for AUTH.
   */
  auth(connection: PartyConnection, frame: AuthFrame): void | Promise<void>;
  /** The time for AUTH is over, and `auth` has not answered. May say BYE with a better reason than `auth-timeout`. */
  overdue?(connection: PartyConnection): void;
  command(connection: PartyConnection, frame: CommandFrame): void;
  /** Once for every connection for which `auth` was called, when its socket is gone. */
  closed(connection: PartyConnection): void;
}
