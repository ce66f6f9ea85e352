import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitUntil } from '@silly-face/testing';
import { expect, onTestFinished } from 'vitest';
import type { PartyConnection, PartyHandler } from '../../src/party/connection.ts';
import { encode } from '../../src/party/encoded.ts';
import type { AuthFrame, CommandFrame } from '../../src/party/frames.ts';
import type { PartyLimits } from '../../src/party/limits.ts';
import { PartyServer } from '../../src/party/party-server.ts';
import { PartyClient, type Transport } from './party-client.ts';

/** One room of all who are here: it takes every token, and tells everybody what is said. */
export class OneRoom implements PartyHandler {
  readonly members = new Set<PartyConnection>();
  readonly auths: AuthFrame[] = [];
  readonly commands: CommandFrame[] = [];
  readonly left: PartyConnection[] = [];
  #seq = 0;

  auth(connection: PartyConnection, frame: AuthFrame): void | Promise<void> {
    this.auths.push(frame);
    this.welcome(connection);
  }

  welcome(connection: PartyConnection): void {
    this.members.add(connection);
    connection.send(
      encode({
        cmd: 'WELCOME',
        room: 'r',
        you: `p${connection.id}`,
        resume: 'again',
        seq: this.#seq,
        state: {},
      }),
    );
    connection.authenticated();
  }

  command(connection: PartyConnection, frame: CommandFrame): void {
    this.commands.push(frame);
    if (frame.cmd !== 'CHAT') return;
    const event = encode({ ...frame, seq: (this.#seq += 1), by: `p${connection.id}` });
    for (const member of this.members) member.send(event);
  }

  closed(connection: PartyConnection): void {
    this.members.delete(connection);
    this.left.push(connection);
  }
}

export interface EdgeRig<Handler extends PartyHandler> {
  readonly handler: Handler;
  readonly server: PartyServer;
  readonly errors: unknown[];
  readonly ports: Readonly<Record<Transport, number>>;
  readonly connect: (transport: Transport) => Promise<PartyClient>;
  /** Connected, and past AUTH. */
  readonly join: (transport: Transport) => Promise<PartyClient>;
}

/** A server on ports of the kernel's choice. When the test ends, nothing of it may be left. */
export async function startEdge<Handler extends PartyHandler>(
  handler: Handler,
  limits: Partial<PartyLimits> = {},
  origins?: readonly string[],
  pages?: RequestListener,
): Promise<EdgeRig<Handler>> {
  const errors: unknown[] = [];
  const server = new PartyServer(handler, {
    limits: { closeTimeoutMs: 400, ...limits },
    onError: (error) => errors.push(error),
    ...(origins && { origins }),
    ...(pages && { pages }),
  });
  await Promise.all(
    [server.tcp, server.webSocket].map((each) => once(each.listen(0, '127.0.0.1'), 'listening')),
  );
  const portOf = (each: PartyServer['tcp']): number => (each.address() as AddressInfo).port;
  const ports = { TCP: portOf(server.tcp), WebSocket: portOf(server.webSocket) };
  const clients: PartyClient[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    await server.close();
    expect(server.connections.size).toBe(0);
  });
  const connect = async (transport: Transport): Promise<PartyClient> => {
    const client = await PartyClient.connect(transport, ports[transport]);
    clients.push(client);
    return client;
  };
  const join = async (transport: Transport): Promise<PartyClient> => {
    const client = await connect(transport);
    client.send({ cmd: 'AUTH', token: 'any' });
    await client.next('WELCOME');
    return client;
  };
  return { handler, server, errors, ports, connect, join };
}

/** The reason of the end, and that it is the end: nothing comes behind it. */
export async function expectBye(client: PartyClient, code: string): Promise<number | undefined> {
  expect(await client.next('BYE')).toMatchObject({ code, reason: expect.stringMatching(/.{10}/) });
  const closeCode = await client.closed;
  expect(client.frames.at(-1)).toMatchObject({ cmd: 'BYE', code });
  return closeCode;
}

export async function untilAllGone(server: PartyServer): Promise<void> {
  await waitUntil(() => server.connections.size === 0, { what: 'all connections to be gone' });
}

/** What makes a WebSocket of a connection, as it goes over the wire. */
export const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: silly',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');
