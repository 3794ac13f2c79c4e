import { isIPv4, isIPv6 } from 'node:net';
import type { LinkAddress } from '../../ports/radio.js';
import { isInterfaceName } from '../radio-spec.js';

export type Family = 4 | 6;

export interface Host {
  readonly family: Family;
  /** Canonical text, without zone. */
  readonly address: string;
  /** Interface of a link-local IPv6 address. */
  readonly zone?: string;
}

export interface Endpoint extends Host {
  readonly port: number;
}

export const isLinkLocal = (address: string): boolean => /^fe[89ab][0-9a-f]:/i.test(address);

export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

/** `fe80::1%eth0`: what the system's calls take. */
export const hostText = (host: Host): string =>
  host.zone === undefined ? host.address : `${host.address}%${host.zone}`;

/** `[fe80::1%eth0]:4242` or `127.0.0.1:4242`. */
export function endpointText(family: Family, host: string, port: number): LinkAddress {
  return family === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** One text per address, since neighbours are told apart by it; `undefined` when it is no IP address. */
export function parseHost(text: string): Host | undefined {
  if (isIPv4(text)) return { family: 4, address: text };
  if (!isIPv6(text)) return undefined;
  const [bare = '', zone] = text.split('%');
  const address = canonicalIpv6(bare);
  if (isIPv4(address)) return { family: 4, address };
  if (zone === undefined || !isLinkLocal(address)) return { family: 6, address };
  return isInterfaceName(zone) ? { family: 6, address, zone } : undefined;
}

export function parseEndpoint(text: LinkAddress): Endpoint | undefined {
  if (text.length > 128) return undefined;
  const match = /^(?:\[([^\]]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text);
  if (match === null) return undefined;
  const host = parseHost(match[1] ?? match[2] ?? '');
  const port = Number(match[3]);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return { ...host, port };
}

function canonicalIpv6(bare: string): string {
  const text = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text);
  if (mapped === null) return text;
  const high = Number.parseInt(mapped[1] as string, 16);
  const low = Number.parseInt(mapped[2] as string, 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
