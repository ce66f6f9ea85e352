import { fileURLToPath } from 'node:url';
import { Supervisor } from '@silly-face/supervisor';

const supervisor = new Supervisor({
  sockets: { web: { host: '127.0.0.1', port: Number(process.env.PORT) } },
  children: [
    {
      name: 'app',
      script: fileURLToPath(new URL('app.js', import.meta.url)),
      sockets: ['web'],
      readiness: 'message',
      // The benchmark crashes it more often than any limit would allow.
      restart: { initialDelayMs: 1, maxDelayMs: 1, resetAfterMs: 1, maxRestarts: 1_000 },
    },
  ],
  signals: ['SIGTERM'],
});
await supervisor.start();
