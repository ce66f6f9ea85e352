/** What a server of the measurement is: ours, or the least that does the same fan-out. */
export type ServerName = 'ours' | 'bare net' | 'ours, WebSocket';

export const ROOM_SIZE = 8;

/** Of the program `server.js`: its one argument. */
export interface ServerSettings {
  readonly name: ServerName;
}

export interface ServerUsage {
  /** Since its start. */
  readonly cpuUs: number;
  /** After a collection. */
  readonly residentBytes: number;
}

/** How the members of a room speak. */
export type Talk =
  /** One after the other, each when it has heard the one before: no message waits for another. */
  | 'in turn'
  /** All, each again when it has heard everybody. */
  | 'at once';

/** What `clients.js` is told to do, and what it answers with. */
export type ClientsOrder =
  | { readonly connect: { readonly port: number; readonly name: ServerName; readonly connections: number } }
  | { readonly talk: Talk | 'go on'; readonly durationMs: number }
  | { readonly disconnect: true };

export interface ClientsAnswer {
  readonly deliveries: number;
  readonly seconds: number;
}
