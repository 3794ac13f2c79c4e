import { BlockList } from 'node:net';
import { MAX_UDP_INTERFACES } from '../radio-spec.js';
import { type Family, hostText } from './address.js';
import { firstIpv4Of, type InterfaceAddress, linkLocalOf, type NetworkInterface, wideIpv6Of } from './interfaces.js';
import { GROUP_IPV4, GROUP_IPV6 } from './limits.js';

/** `data`: everything is sent from here; `door`: unicast to the discovery port; `group`: multicast to it. */
type SocketRole = 'data' | 'door' | 'group';

export interface SocketPlan {
  /** Equal keys mean the same socket; a change of address or device changes the key. */
  readonly key: string;
  readonly role: SocketRole;
  readonly family: Family;
  /** What to bind to, zone included. */
  readonly host: string;
}

export interface DataPlan extends SocketPlan {
  readonly role: 'data';
  readonly iface: string;
  readonly loopback: boolean;
  readonly linkLocal: boolean;
  /** Hosts reached without a router. */
  readonly onLink: BlockList;
  /** Where `send` without an address goes from here, `undefined` for a socket that only unicasts. */
  readonly multicastHost?: string;
}

export interface GroupPlan extends SocketPlan {
  readonly role: 'group';
  readonly group: string;
  /** Interfaces to join on: IPv4 addresses, or `::%name`. */
  readonly members: readonly string[];
  /** False for a source that another interface of this host must have heard. */
  accepts(address: string): boolean;
}

export type AnyPlan = DataPlan | GroupPlan | (SocketPlan & { readonly role: 'door' });

export interface Selection {
  readonly chosen: readonly NetworkInterface[];
  readonly others: readonly NetworkInterface[];
  /** Asked for by name but not there. */
  readonly missing: readonly string[];
  /** Left out because there are more than `MAX_UDP_INTERFACES`. */
  readonly surplus: readonly string[];
}

export function selectInterfaces(all: readonly NetworkInterface[], wanted?: readonly string[]): Selection {
  const asked = all
    .filter((it) => (wanted === undefined ? !it.loopback : wanted.includes(it.name)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const chosen = asked.slice(0, MAX_UDP_INTERFACES);
  return {
    chosen,
    others: all.filter((it) => !chosen.includes(it)),
    missing: (wanted ?? []).filter((name) => !asked.some((it) => it.name === name)),
    surplus: asked.slice(MAX_UDP_INTERFACES).map((it) => it.name),
  };
}

/** The sockets these interfaces call for, IPv6 first. */
export function planSockets(selection: Selection, inUse: (address: string) => boolean): AnyPlan[] {
  const data: DataPlan[] = [];
  for (const it of selection.chosen) {
    const linkLocal = linkLocalOf(it);
    const wide = wideIpv6Of(it, inUse);
    const ipv4 = firstIpv4Of(it);
    if (linkLocal !== undefined) data.push(dataPlan(it, linkLocal, `${GROUP_IPV6}%${it.name}`));
    if (wide !== undefined) {
      // Multicast leaves from one IPv6 address of an interface, and on `lo` IPv6 has none.
      const speaks = linkLocal === undefined && !it.loopback;
      data.push(dataPlan(it, wide, speaks ? `${GROUP_IPV6}%${it.name}` : undefined));
    }
    if (ipv4 !== undefined) data.push(dataPlan(it, ipv4, GROUP_IPV4));
  }
  data.sort((a, b) => b.family - a.family);
  const doors = data.map((plan) => ({
    key: `door|${plan.key}`,
    role: 'door' as const,
    family: plan.family,
    host: plan.host,
  }));
  return [...data, ...doors, ...ipv6Groups(selection), ...ipv4Group(selection)];
}

function dataPlan(it: NetworkInterface, entry: InterfaceAddress, multicastHost: string | undefined): DataPlan {
  const linkLocal = linkLocalOf(it) === entry;
  const host = hostText({ ...entry, ...(linkLocal ? { zone: it.name } : {}) });
  const onLink = new BlockList();
  onLink.addSubnet(entry.address, entry.prefixBits, entry.family === 6 ? 'ipv6' : 'ipv4');
  const key = `data|${it.name}|${it.index}|${host}/${entry.prefixBits}|${multicastHost ?? ''}`;
  const base = { key, role: 'data' as const, family: entry.family, host, iface: it.name, loopback: it.loopback };
  return { ...base, linkLocal, onLink, ...(multicastHost === undefined ? {} : { multicastHost }) };
}

function ipv6Groups(selection: Selection): GroupPlan[] {
  return selection.chosen
    .filter((it) => !it.loopback && it.addresses.some((entry) => entry.family === 6))
    .map((it) => ({
      key: `group|${it.name}|${it.index}|6`,
      role: 'group',
      family: 6,
      host: `${GROUP_IPV6}%${it.name}`,
      group: GROUP_IPV6,
      members: [`::%${it.name}`],
      accepts: () => true,
    }));
}

/**
 * One socket for all interfaces: Linux hands an IPv4 multicast to every socket bound to the group, whichever
 * interface it joined on, so one socket each would hear everything several times.
 */
function ipv4Group(selection: Selection): GroupPlan[] {
  const members: string[] = [];
  const own = new BlockList();
  const foreign = new BlockList();
  let key = 'group|4';
  for (const it of selection.chosen) {
    const entry = firstIpv4Of(it);
    if (entry === undefined) continue;
    members.push(entry.address);
    own.addSubnet(entry.address, entry.prefixBits, 'ipv4');
    key += `|${it.index},${entry.address}/${entry.prefixBits}`;
  }
  if (members.length === 0) return [];
  for (const it of selection.others) {
    const entry = firstIpv4Of(it);
    if (entry === undefined) continue;
    foreign.addSubnet(entry.address, entry.prefixBits, 'ipv4');
    key += `|not ${entry.address}/${entry.prefixBits}`;
  }
  const accepts = (address: string): boolean => own.check(address, 'ipv4') || !foreign.check(address, 'ipv4');
  return [{ key, role: 'group', family: 4, host: GROUP_IPV4, group: GROUP_IPV4, members, accepts }];
}
