import type { SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Family } from '../family/family.ts';
import { deathSignalLauncher, listenPidLauncher } from '../family/launcher.ts';
import { namespaceLauncher } from '../family/namespace.ts';
import { hasProcessGroups } from '../family/signal.ts';
import { portOf, type HeldSocket } from '../listener/held-socket.ts';
import type { ChildSettings } from '../options/settings.ts';
import { packageRoot } from '../package-root.ts';
import { findAccount, type Account } from './account.ts';
import { planChannels, type ChannelPlan } from './channels.ts';
import { readEnvFile } from './env-file.ts';
import { checkFolder, locateCommand, locateScript } from './locate.ts';

/** What `child_process.spawn` is given for one run of a child. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
  readonly cookie: string;
  readonly channels: ChannelPlan;
  /** The file that a script's process runs. */
  readonly script: string | undefined;
  /** The process is `unshare`; the child's own is somewhere below it. */
  readonly namespace: boolean;
}

/** Found anew for each run, so that a release behind a link, a new user or a fixed PATH is picked up. */
export async function prepareLaunch(
  child: ChildSettings,
  sockets: readonly HeldSocket[],
  family: Family,
  isSpare: boolean,
): Promise<Launch> {
  const account = child.user === undefined ? undefined : await findAccount(child.user, child.name);
  checkFolder(child);
  const cookie = family.nextCookie();
  const ipc = child.script === undefined ? [] : (['ipc'] as const);
  const channels = planChannels(child, 3 + sockets.length + ipc.length);
  const mark = {
    ...family.environment(cookie),
    ...channels.environment,
    ...(isSpare && standbyEnvironment(sockets)),
  };
  const env = environment(child, sockets, account, await readEnvFile(child), mark);
  const script = child.script === undefined ? undefined : locateScript(child);
  const program =
    script === undefined
      ? [
          ...(sockets.length > 0 ? listenPidLauncher : []),
          locateCommand(child, env['PATH'] ?? process.env['PATH'] ?? ''),
        ]
      : [process.execPath, ...preloads(sockets, isSpare, channels), script];
  const [file = '', ...args] = [
    ...(await deathSignalLauncher(child.deathSignal)),
    ...(child.namespace ? await namespaceLauncher(child.name, account) : []),
    ...program,
    ...child.args,
  ];
  return {
    file,
    args,
    cookie,
    channels,
    script,
    namespace: child.namespace,
    options: {
      cwd: child.cwd,
      env,
      ...(!child.namespace && { uid: account?.uid, gid: account?.gid }),
      detached: hasProcessGroups,
      stdio: ['ignore', 'pipe', 'pipe', ...sockets.map((socket) => socket.fd), ...ipc, ...channels.stdio],
    },
  };
}

/** In the order in which they are loaded: a spare's comes after that of held sockets, which it keeps waiting. */
function preloads(sockets: readonly HeldSocket[], isSpare: boolean, { heartbeat }: ChannelPlan): string[] {
  const wanted = [
    'blocking-output',
    ...(sockets.length > 0 ? ['held-sockets'] : []),
    ...(isSpare ? ['standby'] : []),
    ...(heartbeat ? ['heartbeat'] : []),
  ];
  return wanted.flatMap((name) => ['--require', fileURLToPath(new URL(`${name}.cjs`, preloadFolder))]);
}

const preloadFolder = new URL('dist/preload/', packageRoot);

/** For our preload: where the servers will be that it holds back. */
function standbyEnvironment(sockets: readonly HeldSocket[]): Record<string, string> {
  return { SUPERVISOR_STANDBY: JSON.stringify(sockets.map(({ address }) => address)) };
}

function environment(
  child: ChildSettings,
  sockets: readonly HeldSocket[],
  account: Account | undefined,
  fromFile: NodeJS.Dict<string>,
  mark: Record<string, string>,
): NodeJS.ProcessEnv {
  const inherited = { ...process.env };
  for (const name of OUR_SERVICE) delete inherited[name];
  const port = portOf(child, sockets);
  return {
    ...inherited,
    ...(account && { HOME: account.home, USER: account.name, LOGNAME: account.name }),
    ...fromFile,
    ...(port !== undefined && { PORT: String(port) }),
    ...child.env,
    ...(sockets.length > 0 && {
      LISTEN_FDS: String(sockets.length),
      LISTEN_FDNAMES: sockets.map((socket) => socket.name).join(':'),
      // For our preload: what a script may ask to listen on.
      ...(child.script !== undefined && {
        SUPERVISOR_SOCKETS: sockets.map(listenArgument).join('\n'),
      }),
    }),
    ...mark,
  };
}

/** What systemd gave to the supervisor itself: its sockets, and the right to say that the service is ready and alive. */
const OUR_SERVICE = [
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
  'NOTIFY_SOCKET',
  'NOTIFY_FD',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'SUPERVISOR_OUTPUT',
];

function listenArgument({ address }: HeldSocket): string {
  return typeof address === 'string' ? address : String(address.port);
}
