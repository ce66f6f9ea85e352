import { Server } from 'node:net';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';

/** The longest backlog that `listen()` asks for by default, so an end for a stream of connections that has none. */
const MOST_TURNS = 511;

/**
 * The door of one server. Connections that wait in the kernel's backlog are reset when the listening socket closes, together with
 * the requests that they carry. So the door is closed behind a turn of the event loop that found nobody waiting: libuv accepts one
 * connection a turn. The backlog's size stays as it is: the socket may be somebody else's too, and a full one makes clients wait.
 */
export class Listener {
  readonly #server: Server;
  #accepted = 0;
  #closed: Promise<void> | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Resolves when no more connections are accepted; those that are open go on. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    // A listen() that still looks up its host would open the door again.
    this.#server.on('listening', this.closeNow);
    if (!this.#server.listening) return;
    this.#server.on('connection', this.#count);
    // Immediates run behind the poll for connections.
    await turnOfTheLoop();
    for (let turn = 0, before = -1; turn < MOST_TURNS && this.#accepted !== before; turn += 1) {
      before = this.#accepted;
      await turnOfTheLoop();
    }
    this.closeNow();
  }

  /**
   * net's close() also for HTTP: since Node 19 http's own destroys idle keep-alive sockets at once, and each loses the request
   * that is already on its way. A listener that somebody else holds too stays open for him.
   */
  readonly closeNow = (): void => {
    if (this.#server.listening) Server.prototype.close.call(this.#server);
  };

  dispose(): void {
    this.#server.off('listening', this.closeNow);
    this.#server.off('connection', this.#count);
  }

  readonly #count = (): void => void (this.#accepted += 1);
}
