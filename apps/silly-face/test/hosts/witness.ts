import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildServer, type PartyMessage, type PartySeat, waitUntil } from '@silly-face/testing';
import type { Machine } from './network.ts';

/** A member who is on the same machine as the room, and stays there, whatever becomes of the network. */
export class Witness implements AsyncDisposable {
  readonly heard: PartyMessage[] = [];
  readonly #socket: Socket;
  readonly #dispose: () => Promise<void>;
  #moves = 0;

  private constructor(socket: Socket, dispose: () => Promise<void>) {
    this.#socket = socket;
    this.#dispose = dispose;
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.heard.push(...lines.map((line) => JSON.parse(line) as PartyMessage));
    });
    // The connection ends with the MOVE, or with the host.
    socket.on('error', () => {});
  }

  static async seat(machine: Machine, { host, port, token }: PartySeat): Promise<Witness> {
    const folder = mkdtempSync(join(tmpdir(), 'silly-face-relay-'));
    const path = join(folder, 'relay.sock');
    const [command = '', ...entering] = machine.enter;
    const script = fileURLToPath(new URL('relay.mjs', import.meta.url));
    const relay = new ChildServer({
      command,
      args: [...entering, process.execPath, script, path, host, String(port)],
      endSignal: 'SIGKILL',
    });
    let socket: Socket | undefined;
    const dispose = async (): Promise<void> => {
      socket?.destroy();
      await relay.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      await ChildServer.untilReady([relay], async () => (socket = await connected(path)) !== undefined, {
        what: 'the relay',
      });
      const witness = new Witness(socket as unknown as Socket, dispose);
      await witness.hears('PLSAUTH');
      witness.#write({ cmd: 'AUTH', token });
      await witness.hears('WELCOME');
      return witness;
    } catch (error) {
      await dispose();
      throw error;
    }
  }

  /** @returns the id of the move */
  guess(face: string): string {
    this.#moves += 1;
    const id = `witness-${this.#moves}`;
    this.#write({ cmd: 'GUESS', id, face });
    return id;
  }

  async hears(cmd: string, fields: Record<string, unknown> = {}): Promise<PartyMessage> {
    const fits = (message: PartyMessage): boolean =>
      message.cmd === cmd && Object.entries(fields).every(([name, value]) => message[name] === value);
    return await waitUntil(() => this.heard.find(fits), { what: `${cmd} ${JSON.stringify(fields)}` });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#dispose();
  }

  #write(frame: object): void {
    this.#socket.write(`${JSON.stringify(frame)}\n`);
  }
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
