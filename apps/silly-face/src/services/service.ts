import type { ChildOptions, SocketOptions } from '@silly-face/supervisor';

/** Something the backend needs, given by the environment or run by our supervisor. */
export interface Service {
  /** For a person, in a few words. */
  description: string;
  /** What the processes that use it are told. */
  environment: Record<string, string>;
  /** None when it was given. */
  children: ChildOptions[];
  sockets: Record<string, SocketOptions>;
}
