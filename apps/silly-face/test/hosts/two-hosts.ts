import { openDatabase } from '../../src/store/database.ts';
import { type Host, startHost } from './host.ts';
import { makeNetwork } from './network.ts';
import { type SharedServices, startServices } from './services.ts';

export interface TwoHosts extends AsyncDisposable {
  readonly hosts: readonly [Host, Host];
  readonly services: SharedServices;
  /** The test's own look into the database. */
  readonly db: ReturnType<typeof openDatabase>;
}

/** Two machines with a backend each, which share their services, in a third place. */
export async function startTwoHosts(wanted: { redis: boolean }): Promise<TwoHosts> {
  const closing: (() => PromiseLike<void>)[] = [];
  const dispose = async (): Promise<void> => {
    for (const close of closing.toReversed()) await close();
  };
  const own = <Part extends AsyncDisposable>(part: Part): Part => {
    closing.push(() => part[Symbol.asyncDispose]());
    return part;
  };
  try {
    const network = own(await makeNetwork(2));
    const services = own(await startServices(network, wanted));
    const hosts = [];
    for (const [index, machine] of network.machines.entries())
      hosts.push(own(await startHost(`host-${index + 1}`, machine, services.environment)));
    const db = openDatabase(services.postgres.connectionString);
    closing.push(() => db.drain());
    return { hosts: hosts as [Host, Host], services, db, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
