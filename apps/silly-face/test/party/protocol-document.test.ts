import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BYE_CODES, CLIENT_CMDS, SERVER_CMDS, type ServerFrame } from '../../src/party/frames.ts';
import { DEFAULT_LIMITS } from '../../src/party/limits.ts';
import { readFrame, TEXT_LENGTHS } from '../../src/party/read-frame.ts';
import { REASONS } from '../../src/party/room-commands.ts';
import { CLOSE_CODES } from '../../src/party/web-socket-connection.ts';

const document = readFileSync(new URL('../../docs/party-protocol.md', import.meta.url), 'utf8');

function section(title: string): string {
  return document.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
}

/** The cells of the tables of a section, without their heads. */
function rows(title: string): string[][] {
  return [...section(title).matchAll(/^\| (`.*) \|$/gm)].map(([, row]) => (row ?? '').split(' | '));
}

const named = (title: string): string[] => rows(title).map(([first]) => (first ?? '').replaceAll('`', ''));
const examples = [...document.matchAll(/^(?<side>[<>]) (?<json>\{.*\})$/gm)].map(({ groups }) => ({
  side: groups?.['side'],
  json: groups?.['json'] ?? '',
}));

describe('the document of the protocol', () => {
  it('has exactly the messages that the code has', () => {
    expect([...new Set(named('What a client says'))].toSorted()).toEqual([...CLIENT_CMDS].toSorted());
    expect(named('What the server says').toSorted()).toEqual([...SERVER_CMDS].toSorted());
  });

  it('has exactly the codes of BYE that the code has, with their close codes', () => {
    expect(rows('BYE').map(([code, closeCode]) => [code?.replaceAll('`', ''), Number(closeCode)])).toEqual(
      BYE_CODES.map((code) => [code, CLOSE_CODES[code] ?? 1008]),
    );
  });

  it('has exactly the codes of ERROR that the code has', () => {
    // A join that is refused ends with BYE.
    const ofJoin = new Set(['room-full', 'name-taken']);
    expect(named('ERROR').toSorted()).toEqual(
      Object.keys(REASONS)
        .filter((code) => !ofJoin.has(code))
        .toSorted(),
    );
  });

  it('has the limits with their defaults', () => {
    expect(
      Object.fromEntries(rows('Limits').map(([name, value]) => [name?.replaceAll('`', ''), Number(value)])),
    ).toEqual(DEFAULT_LIMITS);
  });

  it('has the lengths of texts', () => {
    for (const [, fields] of rows('What a client says'))
      for (const [, name, length] of (fields ?? '').matchAll(/`(\w+)` \((\d[\d,]*)/g))
        expect([name, Number(length?.replace(',', ''))]).toEqual([
          name,
          TEXT_LENGTHS[name as keyof typeof TEXT_LENGTHS],
        ]);
  });

  it('has an example in which each says what it may', () => {
    const of = (speaker: string): string[] =>
      examples.flatMap(({ side, json }) => (side === speaker ? json : []));
    expect(of('>').map(readFrame)).toEqual(of('>').map((json) => JSON.parse(json) as unknown));
    const said = of('<').map((json) => (JSON.parse(json) as ServerFrame).cmd);
    expect(said.length).toBeGreaterThan(5);
    expect(said.filter((cmd) => !SERVER_CMDS.includes(cmd))).toEqual([]);
  });
});
