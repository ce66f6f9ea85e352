import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryStore } from './memory-store.ts';
import { Party } from './party.ts';
import { PartyClient } from './party-client.ts';
import type { PartyProcess } from './party-process.ts';

let party: Party;
let host: PartyProcess;
beforeEach(async () => {
  party = new Party(new MemoryStore());
  host = await party.start({ limits: { authTimeoutMs: 2_000 } });
});
afterEach(() => party.end());

/** What an AUTH comes to. */
async function authenticate(auth: object): Promise<unknown> {
  const client = await PartyClient.connect('TCP', host.address.port);
  client.send({ cmd: 'AUTH', ...auth });
  const answer = await Promise.race([client.next('BYE'), client.next('WELCOME')]);
  client.destroy();
  return answer['code'] ?? answer.cmd;
}

describe('an AUTH that the directory does not answer in time', () => {
  it('is directory-unavailable, and the seat is good once it is back', async () => {
    const token = await host.seat('room', 'anna');
    host.directory.isDown = true;
    expect(await authenticate({ token })).toBe('directory-unavailable');
    host.directory.isDown = false;
    expect(await authenticate({ token })).toBe('WELCOME');
  });

  it('is directory-unavailable when it went away behind the seat, and a new seat is good', async () => {
    const token = await host.seat('room', 'anna');
    const redeemSeat = host.directory.redeemSeat.bind(host.directory);
    host.directory.redeemSeat = async (seat) => {
      const redeemed = await redeemSeat(seat);
      host.directory.isDown = true;
      return redeemed;
    };
    expect(await authenticate({ token })).toBe('directory-unavailable');
    host.directory.redeemSeat = redeemSeat;
    host.directory.isDown = false;
    expect(await authenticate({ token })).toBe('bad-token');
    expect(await authenticate({ token: await host.seat('room', 'anna') })).toBe('WELCOME');
  });

  it('is directory-unavailable for who comes back, and the token stays good', async () => {
    const anna = await party.join(host, 'anna');
    await anna.end();
    const last = host;
    host = await party.start({ limits: { authTimeoutMs: 2_000 } });
    await last.crash();
    await host.directory.expel(last.id);
    const resume = { room: 'room', resume: anna.welcome?.['resume'], after: 1 };
    host.directory.isDown = true;
    expect(await authenticate(resume)).toBe('directory-unavailable');
    host.directory.isDown = false;
    expect(await authenticate(resume)).toBe('WELCOME');
  });

  it('is auth-timeout when it is only slow, and a new seat is good', async () => {
    const token = await host.seat('room', 'anna');
    const answer = host.directory.holdAppends();
    expect(await authenticate({ token })).toBe('auth-timeout');
    answer();
    expect(await authenticate({ token: await host.seat('room', 'anna') })).toBe('WELCOME');
  });
});
