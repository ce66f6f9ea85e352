import { execFile, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { bringDebianPackage, ChildServer } from '@silly-face/testing';

/** A machine of its own as far as the network is concerned. */
export interface Machine {
  readonly address: string;
  /** The words to put before a command that shall run there. */
  readonly enter: readonly string[];
  /** Its cable is pulled out: packets vanish, and nobody is told. */
  cut(): Promise<void>;
  /** And put back. */
  heal(): Promise<void>;
}

export interface Network extends AsyncDisposable {
  /** Of the process that made it, on the same network. */
  readonly address: string;
  /** All of its addresses, with the length of the prefix. */
  readonly range: string;
  readonly machines: readonly Machine[];
}

/** Undefined when machines can be made here, else why they cannot. */
export async function bringNetwork(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'Network namespaces are Linux only';
  const missing = await bringDebianPackage('iproute2', () => spawnSync('ip', ['-V'], { env }).status === 0);
  if (missing) return missing;
  const trial = 'ip link add one type veth peer name other && ip link add switch type bridge';
  const { status, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', trial], { env, encoding: 'utf8' });
  return status === 0 ? undefined : `No network of its own can be made here: ${stderr.trim()}`;
}

/**
 * Machines on one switch with this one. Each is a network namespace that a process holds, the switch too: when this process ends,
 * however it does, they and their cables are gone.
 */
export async function makeNetwork(machines: number): Promise<Network> {
  const base = (process.pid % RANGES) * RANGE_SIZE;
  const address = (index: number): string =>
    `198.${18 + (base >> 16)}.${(base >> 8) & 255}.${(base & 255) + index}`;
  const holders: Holder[] = [];
  const hold = async (): Promise<Holder> => {
    const holder = await holdNamespace();
    holders.push(holder);
    return holder;
  };
  const dispose = async (): Promise<void> => {
    for (const { server } of holders) await server.stop();
  };
  try {
    const middle = await hold();
    await run(middle, 'ip link add switch type bridge');
    await run(middle, 'ip link set switch up');
    const plug = async (port: string): Promise<void> => {
      await run(middle, `ip link set ${port} master switch`);
      await run(middle, `ip link set ${port} up`);
    };
    const ours = `silly${process.pid}`;
    await run(undefined, `ip link add ${ours} type veth peer name here netns ${middle.pid}`);
    await run(undefined, `ip addr add ${address(1)}/${PREFIX} dev ${ours}`);
    await run(undefined, `ip link set ${ours} up`);
    await plug('here');
    const made: Machine[] = [];
    for (let index = 0; index < machines; index += 1) {
      const machine = await hold();
      const port = `port${index}`;
      const at = address(2 + index);
      await run(middle, `ip link add ${port} type veth peer name eth0 netns ${machine.pid}`);
      await run(machine, 'ip link set lo up');
      await run(machine, `ip addr add ${at}/${PREFIX} dev eth0`);
      await run(machine, 'ip link set eth0 up');
      await plug(port);
      made.push({
        address: at,
        enter: entering(machine),
        cut: () => run(middle, `ip link set ${port} down`),
        heal: () => run(middle, `ip link set ${port} up`),
      });
    }
    return {
      address: address(1),
      range: `${address(0)}/${PREFIX}`,
      machines: made,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

// Of 198.18.0.0/15, which is kept for tests of networks; each process that makes one has a part of its own.
const PREFIX = 29;
const RANGE_SIZE = 2 ** (32 - PREFIX);
const RANGES = 2 ** (PREFIX - 15);

// They are not on everybody's PATH.
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };

interface Holder {
  readonly server: ChildServer;
  readonly pid: number;
}

async function holdNamespace(): Promise<Holder> {
  const server = new ChildServer({
    command: 'unshare',
    args: ['--net', 'sleep', 'infinity'],
    endSignal: 'SIGKILL',
  });
  const pid = server.pid as number;
  const namespace = (id: number | 'self'): string => readlinkSync(`/proc/${id}/ns/net`);
  const isApart = (): Promise<boolean> => Promise.resolve(namespace(pid) !== namespace('self'));
  await ChildServer.untilReady([server], isApart, { what: 'a network namespace' });
  return { server, pid };
}

function entering({ pid }: Holder): string[] {
  return ['nsenter', `--net=/proc/${pid}/ns/net`, '--'];
}

async function run(where: Holder | undefined, command: string): Promise<void> {
  const [file = '', ...args] = [...(where ? entering(where) : []), ...command.split(' ')];
  await promisify(execFile)(file, args, { env });
}
