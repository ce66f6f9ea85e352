import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { beatIntervalMs, Heartbeat } from '../heartbeat/heartbeat.ts';
import type { ChildSettings } from '../options/settings.ts';

/** The pipes that a child gets after its output, its sockets and Node's IPC channel, and what tells it of them. */
export interface ChannelPlan {
  readonly stdio: readonly 'pipe'[];
  readonly environment: Readonly<Record<string, string>>;
  readonly heartbeat: { readonly fd: number; readonly intervalMs: number } | undefined;
  readonly notifyFd: number | undefined;
}

/** `firstFd`: the first that is free. */
export function planChannels(child: ChildSettings, firstFd: number): ChannelPlan {
  const notifyFd = child.readiness === 'notify' ? firstFd : undefined;
  const heartbeatFd = notifyFd === undefined ? firstFd : firstFd + 1;
  const heartbeat =
    child.heartbeatTimeoutMs === false
      ? undefined
      : { fd: heartbeatFd, intervalMs: beatIntervalMs(child.heartbeatTimeoutMs) };
  return {
    stdio: [notifyFd, heartbeat].filter((channel) => channel !== undefined).map(() => 'pipe'),
    environment: {
      ...(notifyFd !== undefined && { NOTIFY_FD: String(notifyFd) }),
      ...(heartbeat && { SUPERVISOR_HEARTBEAT: `${heartbeat.fd} ${heartbeat.intervalMs}` }),
    },
    heartbeat,
    notifyFd,
  };
}

/** Our ends of those pipes. They close with the process, whoever else holds theirs. */
export class Channels {
  readonly heartbeat: Heartbeat | undefined;
  /** Resolves when the child has written a line feed to NOTIFY_FD; else it stays pending. */
  readonly notified: Promise<void>;

  constructor(process: ChildProcess, { heartbeat, notifyFd }: ChannelPlan) {
    const beats = heartbeat && openChannel(process, heartbeat.fd);
    this.heartbeat = beats && new Heartbeat(beats, heartbeat.intervalMs);
    const notices = notifyFd === undefined ? undefined : openChannel(process, notifyFd);
    this.notified = notices ? lineFeed(notices) : new Promise(() => {});
  }
}

function openChannel(process: ChildProcess, fd: number): Readable | undefined {
  const pipe = process.stdio[fd] as Readable | null | undefined;
  if (!pipe) return undefined;
  process.once('exit', () => pipe.destroy());
  return pipe;
}

/** As s6 has it. What follows is read and dropped: a pipe that is full or closed would be the child's trouble. */
async function lineFeed(pipe: Readable): Promise<void> {
  pipe.on('error', () => {});
  pipe.setEncoding('latin1');
  for (;;) {
    const [text] = (await once(pipe, 'data')) as [string];
    if (text.includes('\n')) return;
  }
}
