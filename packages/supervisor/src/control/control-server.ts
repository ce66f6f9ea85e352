import { createServer, type Socket } from 'node:net';
import { SupervisorError } from '../errors.ts';
import type { Outputs } from '../output/outputs.ts';
import { carryOut, type ChildNames, type Controlled } from './commands.ts';
import { ControlConnection, type Answer, type ControlClientSide } from './connection.ts';
import { listenAtControlSocket, type ControlSocketFile } from './listen.ts';
import { RecentLines } from './recent-lines.ts';

/**
 * Answers whoever may open the control socket: the owner of the process, and root. Nothing that comes in there, and no number
 * of clients, keeps the supervisor from its work.
 */
export class ControlServer {
  readonly #path: string;
  readonly #target: Controlled;
  readonly #answer: Answer;
  readonly #connections = new Set<ControlConnection>();
  readonly #server = createServer({ allowHalfOpen: true }, (socket) => this.#connect(socket));
  readonly #ending = new AbortController();
  #file: ControlSocketFile | undefined;

  constructor(path: string, target: Controlled, outputs: Outputs, names: ChildNames) {
    this.#path = path;
    const lines = new RecentLines(target, (child) => names.get(child) !== undefined);
    outputs.addReader((origin, read) => lines.take(origin, read));
    const watchers = new Set<ControlClientSide>();
    const context = { target, lines, names, watchers, ending: this.#ending.signal };
    this.#answer = (request, client) => carryOut(request, client, context);
    this.#target = target;
    target.on('state', (state) => {
      for (const client of watchers) client.tell({ event: 'state', ...state });
      if (state.to === 'completed') this.#stayWhileNeeded();
      else this.#server.ref();
    });
  }

  /** Throws `CONTROL_SOCKET_TAKEN` or `BIND_FAILED`. Has no effect when it has started. */
  async start(): Promise<void> {
    if (this.#file) return;
    this.#file = await listenAtControlSocket(this.#server, this.#path);
    // Out of descriptors: the client is gone, and the next one may find some.
    this.#server.on('error', () => {});
    this.#stayWhileNeeded();
  }

  /** Everything else has ended: what still waits for an answer gets it, and the socket is no more. */
  async close(): Promise<void> {
    this.#ending.abort();
    if (!this.#file) return;
    this.#file.remove();
    this.#server.close();
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  /** Children that have all been stopped, or have failed, may be started again through the socket; completed tasks are done. */
  #stayWhileNeeded(): void {
    if (this.#target.status().every(({ state }) => state === 'completed')) this.#server.unref();
    else this.#server.ref();
  }

  #connect(socket: Socket): void {
    const connection = new ControlConnection(socket, this.#answer);
    if (this.#connections.size >= MAX_CONNECTIONS) {
      const message = `Expected at most ${MAX_CONNECTIONS} clients at a control socket`;
      return connection.refuse(new SupervisorError('INVALID_REQUEST', message));
    }
    this.#connections.add(connection);
    void connection.ended.then(() => this.#connections.delete(connection));
  }
}

const MAX_CONNECTIONS = 32;
