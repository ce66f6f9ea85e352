import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SupervisorOptions } from '@silly-face/supervisor';
import { bringNginx, freePort } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import { KEEP_ALIVE_MS } from '../../src/http/time-limits.ts';
import { PHOTO_LIMIT_BYTES } from '../../src/http/upload.ts';
import { BODY_LIMIT_BYTES, nginxConfiguration } from '../../src/nginx/configuration.ts';
import { findNginx, isAtLeast } from '../../src/nginx/find-nginx.ts';
import type { NginxPlan } from '../../src/nginx/plan.ts';
import { readNginxSettings } from '../../src/nginx/settings.ts';
import { UPSTREAM_KEEP_ALIVE_MS } from '../../src/nginx/upstream-blocks.ts';
import { partyWebSocket, upstreamsOf } from '../../src/nginx/upstreams.ts';

const missing = await bringNginx();

const table: SupervisorOptions = {
  sockets: {
    web: { host: '127.0.0.1', port: 8080 },
    'party-1': { host: '127.0.0.1', port: 31_337 },
    [partyWebSocket('party-1')]: { host: '0.0.0.0', port: 32_337 },
    'party-2': { host: '127.0.0.1', port: 31_338 },
    [partyWebSocket('party-2')]: { host: '::', port: 32_338 },
  },
  children: [{ name: 'api', script: 'api.js', instances: 2, listen: { path: '/data/nginx/api.sock' } }],
};

function plan(change: Partial<NginxPlan> = {}): NginxPlan {
  return {
    program: { path: '/usr/sbin/nginx', version: '1.22.1', built: '' },
    settings: readNginxSettings({}),
    address: '127.0.0.1',
    port: 8080,
    folder: '/data/nginx',
    account: undefined,
    ...change,
  };
}

describe('the upstreams', () => {
  it('are the sockets of the process table', () => {
    expect(upstreamsOf(table)).toEqual({
      api: ['unix:/data/nginx/api-1.sock', 'unix:/data/nginx/api-2.sock'],
      party: [
        { name: 'party-1', address: '127.0.0.1:32337' },
        { name: 'party-2', address: '[::1]:32338' },
      ],
    });
    expect(upstreamsOf(table, [2, 3]).api).toEqual([
      'unix:/data/nginx/api-2.sock',
      'unix:/data/nginx/api-3.sock',
    ]);
  });

  it('without API processes that have sockets of their own are an error', () => {
    expect(() => upstreamsOf({ children: [{ name: 'api', script: 'api.js' }] })).toThrow(
      'sockets of their own',
    );
    expect(() => upstreamsOf({})).toThrow('Expected the process table to have API processes');
  });
});

describe('the configuration', () => {
  it('closes idle connections before the API does, and takes what the API takes', () => {
    expect(UPSTREAM_KEEP_ALIVE_MS).toBeLessThan(KEEP_ALIVE_MS);
    expect(BODY_LIMIT_BYTES).toBeGreaterThan(PHOTO_LIMIT_BYTES + 64 * 1024);
  });

  it('lets connections outlive a reload where nginx can do that', () => {
    const has = (version: string): boolean =>
      nginxConfiguration(plan({ program: { path: '', version, built: '' } }), upstreamsOf(table)).includes(
        'keepalive_min_timeout',
      );
    expect(has('1.22.1')).toBe(false);
    expect(has('1.27.4')).toBe(true);
    expect(has('1.28.0')).toBe(true);
    expect(isAtLeast({ version: '2.0.0' }, [1, 27, 4])).toBe(true);
  });

  it('names no folder of a module that this nginx is built without', () => {
    const program = { path: '', version: '1.22.1', built: 'configure arguments: --without-http_scgi_module' };
    const configuration = nginxConfiguration(plan({ program }), upstreamsOf(table));
    expect(configuration).not.toContain('scgi_temp_path');
    expect(configuration).toContain('fastcgi_temp_path');
  });

  it('refuses paths that it cannot express', () => {
    expect(() => nginxConfiguration(plan({ folder: '/data/$HOME' }), upstreamsOf(table))).toThrow(
      'nginx cannot use the path "/data/$HOME/',
    );
  });

  it.for([
    ['as it is without a word from anybody', {}, '127.0.0.1'],
    ['on every address', {}, '::'],
    ['on one of IPv6', {}, '::1'],
    [
      'with all that can be said',
      {
        STATIC_FILES: tmpdir(),
        NGINX_REQUESTS_PER_SECOND: '7',
        NGINX_CONNECTIONS_PER_ADDRESS: '8',
        NGINX_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1, fd00::/8',
      },
      '127.0.0.1',
    ],
    ['without limits', { NGINX_REQUESTS_PER_SECOND: '0', NGINX_CONNECTIONS_PER_ADDRESS: '0' }, '127.0.0.1'],
  ] satisfies [string, NodeJS.ProcessEnv, string][])(
    'passes nginx -t %s',
    async ([, environment, address], context) => {
      if (missing) context.skip(missing);
      const folder = mkdtempSync(join(tmpdir(), 'a folder of nginx-'));
      chmodSync(folder, 0o755);
      try {
        const program = findNginx(process.env);
        if (!program) throw new Error('Expected nginx to be there');
        const file = join(folder, 'nginx.conf');
        const settings = readNginxSettings(environment);
        const checked = plan({ program, settings, address, port: await freePort(), folder });
        writeFileSync(file, nginxConfiguration(checked, upstreamsOf(table)));
        const { status, stderr } = spawnSync(program.path, ['-t', '-e', 'stderr', '-c', file], {
          encoding: 'utf8',
        });
        expect(stderr).toContain('test is successful');
        // Limits of the machine are its own business.
        expect(
          stderr.split('\n').filter((line) => /\[\w+\]/.test(line) && !line.includes('open file')),
        ).toEqual([]);
        expect(status).toBe(0);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
