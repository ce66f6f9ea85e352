/** What a server of the measurement is: ours with all that belongs to it, its connections with rooms in memory behind them, or the
 * least that does the same fan-out. */
export type ServerName = 'ours' | 'bare net' | 'ours, WebSocket' | 'edge alone';

export const ROOM_SIZE = 8;

/** Of the program `server.js`: its one argument. */
export interface ServerSettings {
  readonly name: ServerName;
  /** Of its process in the directory. */
  readonly id: string;
  /** Of the directory. */
  readonly databaseUrl: string;
}

/** `memory`: how many bytes are resident after a collection. */
export type ServerQuestion = 'usage' | 'memory';

/** Since its start. */
export interface ServerUsage {
  readonly cpuUs: number;
  /** Commands that it refused because it came to a limit of its own. */
  readonly refused: number;
}

export interface Seat {
  readonly room: string;
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

/** How the members of a room speak. */
export type Talk =
  /** One after the other, each when it has heard the one before: no message waits for another. */
  | 'in turn'
  /** All, each again when it has heard everybody. */
  | 'at once';

/** What `clients.js` is told to do, and what it answers with. */
export type ClientsOrder =
  | { readonly connect: { readonly port: number; readonly name: ServerName; readonly tokens: string[] } }
  | { readonly talk: Talk | 'go on'; readonly durationMs: number }
  /** Each says something so often, and takes the time until it hears it. */
  | { readonly talkEveryMs: number; readonly durationMs: number }
  | { readonly disconnect: true };

export interface ClientsAnswer {
  readonly deliveries: number;
  readonly seconds: number;
}

/** What it answers with when each speaks so often. */
export interface ClientsEchoes {
  readonly echoesMs: number[];
}

/** What `members.js` is told to do. */
export type MembersOrder =
  | { readonly enter: Seat[] }
  /** Each says something so often, until the end. */
  | { readonly talkEveryMs: number }
  | { readonly report: true };

/** Since the last one. */
export interface MembersReport {
  /** From the MOVE, or the end of the connection, to the WELCOME: of each member, and of the last one of each room. */
  readonly returnsMs: number[];
  readonly roomReturnsMs: number[];
  /** Members who have not come back, or were never away. */
  readonly missing: number;
}
