/*
 * The messages of party mode, as docs/party-protocol.md tells them: JSON objects that `cmd` names. Strings that came from a
 * client are well-formed Unicode without U+0000, so that any store takes them.
 */

export const CLIENT_COMMANDS = ['CHAT', 'SHOW', 'GUESS', 'LEAVE'] as const;
export const CLIENT_CMDS = ['RING', 'PING', 'PONG', 'AUTH', ...CLIENT_COMMANDS] as const;

/** The first time: with the seat that HTTP gave. Later: with what the last WELCOME gave. */
export type AuthFrame = SeatAuth | ResumeAuth;

export interface SeatAuth {
  readonly cmd: 'AUTH';
  readonly token: string;
}

export interface ResumeAuth {
  readonly cmd: 'AUTH';
  readonly room: string;
  readonly resume: string;
  /** The last `seq` that the client has seen. */
  readonly after: number;
}

/** `id` is the client's own: a command that comes again with it is not done again. */
export type CommandFrame =
  | { readonly cmd: 'CHAT'; readonly id: string; readonly text: string }
  | { readonly cmd: 'SHOW'; readonly id: string; readonly face: string; readonly photo?: string }
  | { readonly cmd: 'GUESS'; readonly id: string; readonly face: string }
  | { readonly cmd: 'LEAVE'; readonly id: string };

export type ClientFrame =
  | { readonly cmd: 'RING' }
  | { readonly cmd: 'PING' }
  | { readonly cmd: 'PONG' }
  | AuthFrame
  | CommandFrame;

export const EVENT_CMDS = ['JOINED', 'LEFT', 'AWAY', 'BACK', 'CHAT', 'SHOWN', 'GUESSED', 'TURN'] as const;
export const SERVER_CMDS = [
  'PLSAUTH',
  'AHOY-HOY',
  'PING',
  'PONG',
  'WELCOME',
  ...EVENT_CMDS,
  'ERROR',
  'MOVE',
  'BYE',
] as const;

/** What happened in the room, to all of its members. */
export interface EventFrame {
  readonly cmd: (typeof EVENT_CMDS)[number];
  /** Rises within a room, and may leave gaps. */
  readonly seq: number;
  /** The player whose doing it is. The room's own doings have none. */
  readonly by?: string;
  /** The command that made it. */
  readonly id?: string;
  readonly [field: string]: unknown;
}

export interface WelcomeFrame {
  readonly cmd: 'WELCOME';
  readonly room: string;
  /** The player's id. */
  readonly you: string;
  /** The token for the next AUTH in this room; a later seat in it brings another. */
  readonly resume: string;
  readonly seq: number;
  /** The whole room. Undefined when the missed events follow instead. */
  readonly state?: unknown;
  /** After a resume: whether the missed events follow. */
  readonly replayed?: boolean;
  /** With those: who is away after them. */
  readonly away?: readonly string[];
}

/** Refuses one command; the connection stays. */
export interface ErrorFrame {
  readonly cmd: 'ERROR';
  readonly id?: string;
  readonly code: string;
  readonly reason: string;
}

/** The room is elsewhere: connect there with AUTH {room, resume, after}, or with AUTH {token} when there is one. */
export interface MoveFrame {
  readonly cmd: 'MOVE';
  readonly room: string;
  readonly host: string;
  readonly port: number;
  readonly webSocketUrl: string;
  /** The seat, for who has not been in the room yet. */
  readonly token?: string;
}

export interface ByeFrame {
  readonly cmd: 'BYE';
  readonly code: ByeCode;
  readonly reason: string;
}

export type ServerFrame =
  | { readonly cmd: 'PLSAUTH' }
  | { readonly cmd: 'AHOY-HOY' }
  | { readonly cmd: 'PING' }
  | { readonly cmd: 'PONG' }
  | WelcomeFrame
  | EventFrame
  | ErrorFrame
  | MoveFrame
  | ByeFrame;

/** Why a connection ends. The first group is the edge's, the second the rooms'. */
export const BYE_CODES = [
  'frame-too-long',
  'not-utf8',
  'not-json',
  'bad-frame',
  'unknown-cmd',
  'binary',
  'bad-web-socket',
  'not-authenticated',
  'already-authenticated',
  'auth-timeout',
  'idle',
  'flood',
  'too-slow',
  'server-full',
  'shutting-down',
  'server-error',

  'bad-token',
  'room-full',
  'name-taken',
  'replaced',
  'left',
  'directory-unavailable',
] as const;

export type ByeCode = (typeof BYE_CODES)[number];
