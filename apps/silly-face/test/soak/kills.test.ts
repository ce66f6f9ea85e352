import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startBackend } from './backend.ts';
import { differences } from './history.ts';
import { Load } from './load.ts';
import { scaled } from './scale.ts';

// In short, too, more of one process than a supervisor takes for a crash loop by default.
const kills = scaled({ short: 16, long: 100 });

/**
 * What a client may meet: a connection that ends with the process that it was to, and a word that something else is busy on a
 * machine that starts a process a second. Not ECONNREFUSED, as the supervisor holds the socket, and no answer of which nobody
 * knows what it means.
 */
const MET = /^(GET|POST) (ECONNRESET|EPIPE|503 [a-z-]+-(unavailable|busy))$/;

test(
  `${kills} API processes killed, one a second: clients that repeat with the same key lose nothing and double nothing`,
  { timeout: 120_000 + kills * 5_000 },
  async () => {
    await using soaked = await startBackend();
    const load = new Load({ url: soaked.url, patienceMs: 30_000 });
    await load.start(soaked.db, 8);
    let killed = 0;
    while (killed < kills) {
      await sleep(1000);
      const pid = soaked.pidOf(killed % 4 === 3 ? 'api-2' : 'api-1');
      if (pid === undefined) continue; // Its successor is not ready yet.
      process.kill(pid, 'SIGKILL');
      killed += 1;
    }
    const ended = await load.stop();

    expect({ ended, lost: load.client.lost }).toEqual({ ended: [], lost: 0 });
    expect(Object.keys(load.client.failures).filter((failure) => !MET.test(failure))).toEqual([]);
    expect(await differences(soaked.db, load.matches)).toEqual([]);
    expect(soaked.botTroubles().filter((line) => line.includes('FATAL'))).toEqual([]);
    console.log(
      `${load.client.answered} requests in ${killed} kills, none lost, none doubled; repeated after ${JSON.stringify(load.client.failures)}`,
    );
  },
);
