import { BlockList, isIP } from 'node:net';
import type { TrustProxy } from '../config.ts';

const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * Who is believed: what an address says of where a request came from. The other end of a unix socket has none, and is a proxy of
 * this machine: who may connect there is said by the file.
 */
export function trustedProxies(proxies: NonNullable<TrustProxy>): (address: string | undefined) => boolean {
  const trusted = new BlockList();
  for (const network of proxies.flatMap((proxy) => NAMED[proxy] ?? proxy)) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    if (address === undefined) return true;
    const version = isIP(address);
    return version !== 0 && trusted.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}
