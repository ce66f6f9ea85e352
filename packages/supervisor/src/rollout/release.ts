import { refuseSameSockets, type SocketPlan } from '../listener/socket-plan.ts';
import { refuseSameSignals } from '../options/contradictions.ts';
import type { ChildOptions, SupervisorOptions } from '../options/options.ts';
import { planSockets, refuseSameNames, resolveChildren, type ChildSettings } from '../options/settings.ts';
import { validateOptions } from '../options/validation.ts';

/** What a supervisor is to run: its options, checked and resolved. */
export interface Release {
  readonly options: SupervisorOptions;
  readonly children: readonly ChildSettings[];
  /** Those that any child may inherit. */
  readonly sockets: readonly SocketPlan[];
  readonly reloadParallelism: number;
}

/** How many instances a group was told to have, while its options said `configured`. */
export interface Scaling {
  readonly configured: number;
  readonly instances: number;
}

/**
 * A group that was scaled keeps its size until its options say another one. `alone`: children that are there beside those of
 * the options. Throws `INVALID_OPTION`.
 */
export function readRelease(
  given: unknown,
  scalings: ReadonlyMap<string, Scaling> = new Map(),
  alone: readonly ChildSettings[] = [],
): Release {
  validateOptions(given);
  refuseSameSignals(given);
  const options = {
    ...given,
    sockets: structuredClone(given.sockets ?? {}),
    children: given.children?.map(copy),
  };
  const scaled = options.children?.map((child) => {
    const scaling = scalings.get(child.name);
    return scaling?.configured === child.instances ? { ...child, instances: scaling?.instances } : child;
  });
  const sockets = planSockets(options);
  const children = resolveChildren({ ...options, children: scaled }, sockets);
  const all = [...children, ...alone];
  // `restart('api')` means one thing: a group has no namesake.
  refuseSameNames([...all, ...(options.children ?? []).filter(({ instances }) => instances !== undefined)]);
  refuseSameSockets([...sockets, ...all.flatMap(({ ownSockets }) => ownSockets)]);
  return { options, children, sockets, reloadParallelism: options.reloadParallelism ?? 1 };
}

/** A later reload or scale must not see what the caller has done to the objects since. */
function copy(child: ChildOptions): ChildOptions {
  const { args = [], env, sockets = [], after = [], listen, ownSockets } = child;
  return {
    ...child,
    args: [...args],
    env: { ...env },
    sockets: [...sockets],
    after: [...after],
    ...(listen && { listen: { ...listen } }),
    ...(ownSockets && { ownSockets: structuredClone(ownSockets) }),
  };
}
