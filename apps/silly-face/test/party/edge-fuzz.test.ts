import { waitUntil } from '@silly-face/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLIENT_CMDS, type ClientFrame } from '../../src/party/frames.ts';
import { readFrame, TEXT_LENGTHS, Violation } from '../../src/party/read-frame.ts';
import { OneRoom, startEdge, untilAllGone } from './edge-rig.ts';
import type { Transport } from './party-client.ts';

const cmd = fc.constantFrom(...CLIENT_CMDS);
const field = fc.constantFrom(...Object.keys(TEXT_LENGTHS), 'after', '__proto__', 'constructor');
const value = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.jsonValue(), fc.constant('ok'));
/** Nearly frames: of each kind, with some fields right and some wrong. */
const nearly = fc
  .tuple(cmd, fc.dictionary(field, value, { maxKeys: 5 }))
  .map(([name, fields]) => JSON.stringify({ cmd: name, id: '1', text: 'a', ...fields }));
const anything = fc.oneof(
  nearly,
  fc.json(),
  fc.string({ unit: 'binary' }),
  nearly.map((json) => json.slice(0, -2)),
);

describe('fuzzed frames', () => {
  it('are read as frames with the fields they may have, or refused', () => {
    fc.assert(
      fc.property(anything, (json) => {
        const frame = read(json);
        if (frame instanceof Violation) return;
        const { cmd: name, ...fields } = frame;
        const { after, ...texts } = 'after' in fields ? fields : { ...fields, after: 0 };
        expect([CLIENT_CMDS.includes(name), Number.isSafeInteger(after)]).toEqual([true, true]);
        expect(Object.values(texts).every((text) => typeof text === 'string')).toBe(true);
        expect(Object.keys(texts).every((field) => Object.hasOwn(TEXT_LENGTHS, field))).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });

  it.each<Transport>(['TCP', 'WebSocket'])(
    'over %s, 10,000 of them, break nothing and leave nothing',
    async (transport) => {
      const { connect, join, server, errors, handler } = await startEdge(new OneRoom(), {
        closeTimeoutMs: 30_000,
      });
      const witness = await join(transport === 'TCP' ? 'WebSocket' : 'TCP');
      const frames = fc.sample(fc.oneof(anything, fc.uint8Array({ maxLength: 200 })), 10_000);
      const garbage = frames.map((each) => (typeof each === 'string' ? each : Buffer.from(each)));
      let at = 0;
      const abuse = async (): Promise<void> => {
        while (at < garbage.length) {
          const client = await connect(transport);
          client.send({ cmd: 'AUTH', token: 't' });
          await client.next('WELCOME');
          const few = garbage.slice(at, (at += 30));
          for (const each of few) {
            client.raw(each);
            if (transport === 'TCP') client.raw('\r\n');
          }
          // To what is no violation at all there is no end.
          client.raw(transport === 'TCP' ? 'enough\r\n' : 'enough');
          await client.closed;
          expect(client.frames.at(-1)).toMatchObject({ cmd: 'BYE' });
        }
      };
      await Promise.all(Array.from({ length: 8 }, abuse));
      expect(errors).toEqual([]);
      witness.send({ cmd: 'RING' });
      await witness.next('AHOY-HOY');
      await witness.end();
      await untilAllGone(server);
      await waitUntil(() => handler.members.size === 0, { what: 'no members' });
    },
  );
});

/** Anything but a violation is thrown. */
function read(json: string): ClientFrame | Violation {
  try {
    return readFrame(json);
  } catch (error) {
    if (error instanceof Violation) return error;
    throw error;
  }
}
