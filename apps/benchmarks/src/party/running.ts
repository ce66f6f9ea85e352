import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PARTY_NODE_OPTIONS } from '@silly-face/backend/dist/party-children.js';
import type {
  ClientsAnswer,
  ClientsEchoes,
  ClientsOrder,
  MembersOrder,
  MembersReport,
  Seat,
  ServerName,
  ServerQuestion,
  ServerSettings,
  ServerUsage,
} from './settings.ts';

/** A program of this folder in a process of its own: answers each message with one. */
class Running {
  readonly #child: ChildProcess;
  readonly #exited: Promise<never>;

  constructor(program: string, args: string[] = [], nodeOptions: string[] = []) {
    this.#child = fork(fileURLToPath(new URL(program, import.meta.url)), args, {
      execArgv: nodeOptions,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#exited = once(this.#child, 'exit').then(() => {
      throw new Error(`${program} ended before its time`);
    });
    this.#exited.catch(() => {}); // Whoever waits for an answer hears of it.
  }

  async ask<Answer>(message: ClientsOrder | MembersOrder | ServerQuestion): Promise<Answer> {
    const answer = this.answer<Answer>();
    this.#child.send(message);
    return answer;
  }

  async answer<Answer>(): Promise<Answer> {
    const [answer] = (await Promise.race([once(this.#child, 'message'), this.#exited])) as [Answer];
    return answer;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited.catch(() => {}); // That it ends is what is wanted.
  }
}

export class RunningServer {
  static #started = 0;

  readonly name: ServerName;
  /** Different from those of all others. */
  readonly id: string;
  readonly #running: Running;
  #port = 0;

  static async start(name: ServerName, databaseUrl: string): Promise<RunningServer> {
    RunningServer.#started += 1;
    const server = new RunningServer({ name, id: `${name}-${RunningServer.#started}`, databaseUrl });
    server.#port = await server.#running.answer<number>();
    return server;
  }

  private constructor(settings: ServerSettings) {
    this.name = settings.name;
    this.id = settings.id;
    this.#running = new Running('server.js', [JSON.stringify(settings)], ['--expose-gc', PARTY_NODE_OPTIONS]);
  }

  get port(): number {
    return this.#port;
  }

  usage(): Promise<ServerUsage> {
    return this.#running.ask('usage');
  }

  residentBytes(): Promise<number> {
    return this.#running.ask('memory');
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }
}

export class RunningClients {
  readonly #running = new Running('clients.js');

  async connect({ port, name }: RunningServer, seats: readonly Seat[]): Promise<void> {
    await this.#running.ask({ connect: { port, name, tokens: seats.map(({ token }) => token) } });
  }

  talk(order: Extract<ClientsOrder, { talk: unknown }>): Promise<ClientsAnswer> {
    return this.#running.ask(order);
  }

  async echoes(order: Extract<ClientsOrder, { talkEveryMs: unknown }>): Promise<number[]> {
    return (await this.#running.ask<ClientsEchoes>(order)).echoesMs;
  }

  async disconnect(): Promise<void> {
    await this.#running.ask({ disconnect: true });
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }
}

export class RunningMembers {
  readonly #running = new Running('members.js');

  async enter(seats: Seat[]): Promise<void> {
    await this.#running.ask({ enter: seats });
  }

  async talk(everyMs: number): Promise<void> {
    await this.#running.ask({ talkEveryMs: everyMs });
  }

  report(): Promise<MembersReport> {
    return this.#running.ask({ report: true });
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }
}
