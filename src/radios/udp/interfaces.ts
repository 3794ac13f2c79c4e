import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { type Family, isLinkLocal } from './address.js';

export interface InterfaceAddress {
  readonly family: Family;
  readonly address: string;
  readonly prefixBits: number;
}

export interface NetworkInterface {
  readonly name: string;
  /** The kernel's number; another one under the same name is another device. 0 when unknown. */
  readonly index: number;
  readonly loopback: boolean;
  readonly addresses: readonly InterfaceAddress[];
}

/** Interfaces that are up and have an address. */
export function readInterfaces(): NetworkInterface[] {
  const found = new Map<string, { loopback: boolean; addresses: InterfaceAddress[] }>();
  for (const [label, infos] of Object.entries(networkInterfaces())) {
    // An IPv4 alias is listed under its label, `eth0:1`.
    const name = label.split(':')[0] ?? label;
    for (const info of infos ?? []) {
      const entry = found.get(name) ?? { loopback: info.internal, addresses: [] };
      found.set(name, entry);
      const prefixBits = Number(info.cidr?.split('/')[1] ?? (info.family === 'IPv6' ? 128 : 32));
      entry.addresses.push({ family: info.family === 'IPv6' ? 6 : 4, address: info.address, prefixBits });
    }
  }
  return [...found].map(([name, entry]) => ({ name, index: indexOf(name), ...entry }));
}

function indexOf(name: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')) || 0;
  } catch {
    return 0;
  }
}

export const linkLocalOf = (it: NetworkInterface): InterfaceAddress | undefined =>
  it.addresses.find((entry) => entry.family === 6 && isLinkLocal(entry.address));

export const firstIpv4Of = (it: NetworkInterface): InterfaceAddress | undefined =>
  it.addresses.find((entry) => entry.family === 4);

/** Routable IPv6 addresses; temporary ones come and go, so one that is in use stays the choice while it exists. */
export function wideIpv6Of(it: NetworkInterface, inUse: (address: string) => boolean): InterfaceAddress | undefined {
  const wide = it.addresses.filter((entry) => entry.family === 6 && !isLinkLocal(entry.address));
  return wide.find((entry) => inUse(entry.address)) ?? wide[0];
}
