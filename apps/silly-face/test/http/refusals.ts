import { expect, it } from 'vitest';
import type { Answer } from './client.ts';
import type { Rig } from './rig.ts';

export type Refusal = [what: string, status: number, code: string, request: () => Promise<Answer>];

/** Tests that each of these is answered with its own code, as a problem that a person can read, and changes nothing. */
export function testRefusals(rig: Rig, refusals: Refusal[]): void {
  it.each(refusals)('%s (%i %s)', async (_, status, code, request) => {
    const before = await rig.everything();
    const answer = await request();
    expect(answer).toMatchObject({ status, body: { status, code } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.detail.length).toBeGreaterThan(5);
    expect(await rig.everything()).toEqual(before);
  });
}
