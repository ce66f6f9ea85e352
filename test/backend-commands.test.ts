// npm run backend -- <command>, in a clone: what starts or releases code builds it, the others leave it as it is.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, freshClone, newcomersEnvironment, processesMarked, waitUntil } from '@silly-face/testing';

test('the backend of a clone is started, deployed and stopped by npm', { timeout: 600_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'backend-commands-'));
  chmodSync(directory, 0o755); // As root, Postgres runs as somebody else.
  const clone = join(directory, 'clone');
  const mark = randomUUID();
  const port = await freePort();
  freshClone(clone);
  const run = (...command: string[]) => {
    const child = spawn('npm', ['run', '--silent', 'backend', '--', ...command], {
      cwd: clone,
      env: {
        ...newcomersEnvironment(),
        PORT: String(port),
        SILLY_FACE_POSTGRES: 'embedded',
        SILLY_FACE_DATA: join(directory, 'data'),
        COMMANDS_MARK: mark,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const code = once(child, 'close').then(([exitCode]) => exitCode as number | null);
    return { code, printed: () => printed };
  };
  const ended = async (...command: string[]) => {
    const { code, printed } = run(...command);
    return { code: await code, printed: printed() };
  };
  try {
    for (const command of ['status', 'deploy']) {
      expect(await ended(command)).toMatchObject({
        code: 1,
        printed: expect.stringContaining('is not built') as string,
      });
    }
    expect(existsSync(join(clone, 'node_modules'))).toBe(false);

    const backend = run('start');
    let exitCode: number | null | undefined;
    void backend.code.then((code) => (exitCode = code));
    await waitUntil(() => exitCode !== undefined || backend.printed().includes('The API is at'), {
      what: 'the start',
      timeoutMs: 500_000,
    });
    expect(backend.printed()).toContain('The API is at');

    // A change to the source is no release yet.
    const source = join(clone, 'apps/silly-face/src/processes/api.ts');
    appendFileSync(source, "\nconsole.log('the next release');\n");
    expect(await ended('status')).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/^api-1 +ready/m) as string,
    });
    const built = join(clone, 'apps/silly-face/dist/processes/api.js');
    expect(readFileSync(built, 'utf8')).not.toContain('the next release');
    expect(backend.printed()).not.toContain('the next release');
    const deployed = await ended('deploy');
    expect(deployed.printed).toMatch(/\nDeployed\n$/);
    expect(deployed.code).toBe(0);
    // It says so at the end of its start, when it has been ready for a moment.
    await waitUntil(async () => (await ended('logs')).printed.includes('api-2 | the next release'), {
      what: 'the word of the next release',
    });

    // One that cannot be built is none.
    appendFileSync(source, '\nconst broken: number = "no number";\n');
    const failed = await ended('deploy');
    expect(failed.code).not.toBe(0);
    expect(failed.printed).toContain('TS2322');

    expect((await ended('stop')).code).toBe(0);
    expect(await backend.code).toBe(0);
    expect(processesMarked(mark)).toEqual([]);

    const help = await ended('deploy', '--help');
    expect(help).toEqual({ code: 0, printed: expect.stringMatching(/^Usage: silly-face deploy /) as string });
    // With nobody to deploy to, nothing is built: it would not compile.
    expect(await ended('deploy')).toEqual({
      code: 1,
      printed: expect.stringContaining('No supervisor listens at') as string,
    });
  } finally {
    for (const pid of processesMarked(mark)) process.kill(pid, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
});
