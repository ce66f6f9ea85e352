import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findNginx } from '../../src/nginx/find-nginx.ts';
import { readNginxSettings } from '../../src/nginx/settings.ts';
import { nginxInstalled, nginxService } from '../../src/services/nginx.ts';
import { demoFolders, runDemo } from '../demo/run-demo.ts';

const program = { path: '/usr/sbin/nginx', version: '1.22.1', built: '--with-http_realip_module' };
const none = (): undefined => undefined;

describe('whether nginx is in front', () => {
  it('is decided by whether it is there, unless somebody says so', () => {
    const path = (environment: NodeJS.ProcessEnv, forced: boolean, find: typeof findNginx) =>
      nginxInstalled(environment, { forced, find })?.program.path;
    expect(path({}, false, () => program)).toBe(program.path);
    expect(path({}, false, none)).toBeUndefined();
    expect(path({ SILLY_FACE_NGINX: 'off' }, false, () => program)).toBeUndefined();
    expect(path({ SILLY_FACE_NGINX: 'off' }, true, () => program)).toBe(program.path);
  });

  it('is an error when there has to be one and is none', () => {
    for (const ask of [
      () => nginxInstalled({}, { forced: true, find: none }),
      () => nginxInstalled({ SILLY_FACE_NGINX: 'on' }, { find: none }),
    ])
      expect(ask).toThrow('nginx is to be in front, and there is none on the PATH or in /usr/sbin');
  });

  it.each([
    [{ version: '1.18.0' }, '/usr/sbin/nginx is nginx 1.18.0, and 1.19.5 is needed'],
    [{ built: '--with-http_v2_module' }, '/usr/sbin/nginx was built without http_realip_module'],
  ])('is not one that cannot do what it is to do: %j', (change, why) => {
    const find = (): typeof program => ({ ...program, ...change });
    const told: string[] = [];
    expect(nginxInstalled({}, { find, passedOver: (reason) => told.push(reason) })).toBeUndefined();
    expect(told).toEqual([`Without nginx: ${why}`]);
    expect(() => nginxInstalled({}, { forced: true, find })).toThrow(`nginx is to be in front, and ${why}`);
  });

  it('is found by what it says of itself, not by its name alone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'path-'));
    const file = join(folder, 'nginx');
    try {
      const found = () => findNginx({ PATH: folder })?.path;
      writeFileSync(file, '#!/bin/sh\necho "no such thing" >&2\n');
      chmodSync(file, 0o755);
      expect(found()).not.toBe(file);
      writeFileSync(file, '#!/bin/sh\necho "nginx version: nginx/1.2.3" >&2\n');
      expect(found()).toBe(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('what is said about it', () => {
  it.each([
    [{ SILLY_FACE_NGINX: 'yes' }, 'Expected SILLY_FACE_NGINX to be one of on, off, auto, got yes'],
    [{ STATIC_FILES: '/nowhere' }, 'Expected STATIC_FILES to be a folder, got /nowhere'],
    [{ NGINX_REQUESTS_PER_SECOND: '-1' }, 'Expected NGINX_REQUESTS_PER_SECOND to be an integer'],
    [{ NGINX_CONNECTIONS_PER_ADDRESS: 'many' }, 'Expected NGINX_CONNECTIONS_PER_ADDRESS to be an integer'],
    [{ NGINX_TRUSTED_PROXIES: '10.0.0.0/8,all' }, 'to be addresses and networks, got all'],
    [{ NGINX_TRUSTED_PROXIES: '10.0.0.0/33' }, 'to be addresses and networks, got 10.0.0.0/33'],
  ])('%j is refused', (environment, why) => {
    expect(() => readNginxSettings(environment)).toThrow(why);
  });

  it('has defaults', () => {
    expect(readNginxSettings({})).toEqual({
      mode: 'auto',
      staticFiles: undefined,
      requestsPerSecond: 200,
      connectionsPerAddress: 500,
      trustedProxies: [],
    });
  });

  it('is told in a line by a start that fails for it', async () => {
    const folders = demoFolders();
    try {
      const backend = await runDemo(folders, { SILLY_FACE_NGINX: 'perhaps' }, 'main');
      expect((await backend.ended)[0]).toBe(1);
      expect(backend.printed()).toMatch(/^The backend did not start: Expected SILLY_FACE_NGINX .*\n$/);
    } finally {
      folders.remove();
    }
  });
});

it('a data folder whose path is too long for a unix socket is refused', async () => {
  const use = { program, settings: readNginxSettings({}) };
  const where = { host: '127.0.0.1', port: 8080, directory: join('/tmp', 'z'.repeat(100)) };
  await expect(nginxService(use, where)).rejects.toThrow("The data folder's path is too long");
});
