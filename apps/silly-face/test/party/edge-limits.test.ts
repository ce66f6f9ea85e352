import { waitUntil } from '@silly-face/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { expectBye, OneRoom, startEdge, untilAllGone } from './edge-rig.ts';
import type { Transport } from './party-client.ts';

describe.each<Transport>(['TCP', 'WebSocket'])('limits over %s:', (transport) => {
  const closeCode = (code: number): number | undefined => (transport === 'TCP' ? undefined : code);

  it('a frame of the limit passes, a longer one is frame-too-long', async () => {
    const { join } = await startEdge(new OneRoom(), { frameBytes: 300 });
    const client = await join(transport);
    const frame = (bytes: number): string =>
      JSON.stringify({ cmd: 'RING', _: '' }).replace('""', `"${'x'.repeat(bytes - 21)}"`);
    expect(frame(300).length).toBe(300);
    const end = transport === 'TCP' ? '\r\n' : '';
    client.raw(frame(300) + end);
    await client.next('AHOY-HOY');
    client.raw(frame(301) + end);
    expect(await expectBye(client, 'frame-too-long')).toBe(closeCode(1009));
  });

  it('a burst passes, one more is flood, and after a rest there may be more', async () => {
    const { join } = await startEdge(new OneRoom(), { framesPerSecond: 0.001, frameBurst: 10 });
    const client = await join(transport);
    for (let count = 1; count < 10; count += 1) client.send({ cmd: 'RING' });
    await waitUntil(() => client.all('AHOY-HOY').length === 9, { what: 'the answers' });
    client.send({ cmd: 'PONG' });
    expect(await expectBye(client, 'flood')).toBe(closeCode(1008));
    const quick = await startEdge(new OneRoom(), { framesPerSecond: 100, frameBurst: 2 });
    const patient = await quick.join(transport);
    for (let count = 1; count <= 30; count += 1) {
      patient.send({ cmd: 'RING' });
      await patient.next('AHOY-HOY');
      await new Promise((resolve) => setTimeout(resolve, 11));
    }
  });

  it('who says nothing gets PING, and is gone when no PONG comes', async () => {
    const { join } = await startEdge(new OneRoom(), { pingIntervalMs: 100, idleTimeoutMs: 800 });
    const silent = await join(transport);
    await silent.next('PING');
    await silent.next('PING');
    expect(await expectBye(silent, 'idle')).toBe(closeCode(1008));
  });

  it('who answers PING with PONG stays', async () => {
    const { join } = await startEdge(new OneRoom(), { pingIntervalMs: 500, idleTimeoutMs: 3_000 });
    const client = await join(transport);
    for (let count = 1; count <= 8; count += 1) {
      await client.next('PING');
      client.send({ cmd: 'PONG' });
    }
    client.send({ cmd: 'RING' });
    await client.next('AHOY-HOY');
    expect(client.all('BYE')).toEqual([]);
  });

  it('who does not read is too-slow, and does not hold up the others', async () => {
    const { join, handler, server } = await startEdge(new OneRoom(), {
      unsentBytes: 100_000,
      framesPerSecond: 100_000,
      frameBurst: 100_000,
    });
    const slow = await join(transport);
    const speaker = await join(transport);
    slow.pause();
    let id = 0;
    while (handler.members.size === 2) {
      speaker.send({ cmd: 'CHAT', id: `${(id += 1)}`, text: 'x'.repeat(1_000) });
      if (id % 50 === 0) await waitUntil(() => speaker.all('CHAT').length === id, { what: 'the echo' });
    }
    expect(server.counts.byes).toEqual({ 'too-slow': 1 });
    await waitUntil(() => speaker.all('CHAT').length === id, { what: 'the echo' });
  });

  it('who begins to read in time still gets the reason', async () => {
    const { join, server } = await startEdge(new OneRoom(), {
      unsentBytes: 1_000,
      framesPerSecond: 100_000,
      frameBurst: 100_000,
      closeTimeoutMs: 60_000,
      idleTimeoutMs: 120_000,
    });
    const slow = await join(transport);
    const speaker = await join(transport);
    slow.pause();
    for (let id = 1; server.counts.byes['too-slow'] === undefined; id += 1) {
      speaker.send({ cmd: 'CHAT', id: `${id}`, text: 'x'.repeat(1_000) });
      if (id % 50 === 0) await waitUntil(() => speaker.all('CHAT').length === id, { what: 'the echo' });
    }
    slow.resume();
    expect(await expectBye(slow, 'too-slow')).toBe(closeCode(1008));
  });

  it('one client more than there may be is server-full, and there is room again when one goes', async () => {
    const { join, connect, server } = await startEdge(new OneRoom(), { connections: 2 });
    await join('TCP');
    const second = await join('WebSocket');
    const third = await connect(transport);
    third.send({ cmd: 'AUTH', token: 'any' });
    expect(await expectBye(third, 'server-full')).toBe(closeCode(1013));
    await second.end();
    await waitUntil(() => server.connections.size === 1, { what: 'the second to be gone' });
    await join(transport);
  });

  it('who does not close after a BYE is cut off', async () => {
    const { connect, server } = await startEdge(new OneRoom(), { closeTimeoutMs: 200 });
    const client = await connect(transport);
    await client.next('PLSAUTH');
    client.pause();
    client.send([]);
    await waitUntil(() => server.counts.byes['bad-frame'] === 1, { what: 'the BYE' });
    expect(server.connections.size).toBe(1);
    await untilAllGone(server);
  });
});

describe('the times of all clients', () => {
  it('are kept by one timer, and by none when nobody is here', async () => {
    const setInterval = vi.spyOn(globalThis, 'setInterval');
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    const clearInterval = vi.spyOn(globalThis, 'clearInterval');
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const { join, server } = await startEdge(new OneRoom());
    setInterval.mockClear();
    const clients = [];
    for (let count = 0; count < 20; count += 1) clients.push(await join('TCP'));
    expect(setInterval).toHaveBeenCalledTimes(1);
    expect(setTimeout).not.toHaveBeenCalled();
    await Promise.all(clients.map((client) => client.end()));
    await untilAllGone(server);
    expect(clearInterval).toHaveBeenCalledWith(setInterval.mock.results[0]?.value);
  });
});
