import { expect, test } from 'vitest';
import { startBackend } from './backend.ts';
import { differences } from './history.ts';
import { Load } from './load.ts';
import { scaled } from './scale.ts';

const deploys = scaled({ short: 2, long: 100 });

test(
  `${deploys} rolling deploys under load lose no request and double none, and every history is as its players saw it`,
  { timeout: 60_000 + deploys * 60_000 },
  async () => {
    await using soaked = await startBackend();
    const load = new Load({ url: soaked.url, patienceMs: 0 });
    await load.start(soaked.db, 8);
    for (let deploy = 0; deploy < deploys; deploy += 1) await soaked.deploy();
    const ended = await load.stop();

    expect({ ended, failures: load.client.failures, lost: load.client.lost }).toEqual({
      ended: [],
      failures: {},
      lost: 0,
    });
    expect(load.client.answered).toBeGreaterThan(deploys * 50);
    expect(await differences(soaked.db, load.matches)).toEqual([]);
    expect(soaked.botTroubles()).toEqual([]);
    console.log(`${load.client.answered} requests in ${deploys} deploys: 0 failed, 0 doubled`);
  },
);
