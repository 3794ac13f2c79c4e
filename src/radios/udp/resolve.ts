import { lookup } from 'node:dns/promises';
import { EdgeError, messageOf } from '../../core/errors.js';
import type { LinkAddress } from '../../ports/radio.js';
import { type Endpoint, endpointText, type Host, hostText, isLinkLocal, parseHost } from './address.js';
import type { SocketSet } from './socket-set.js';

const MAX_NAME_LENGTH = 253;

/** A peer given by hand. Throws EdgeError `radio.address`. */
export async function resolvePeer(sockets: SocketSet, host: string, port: number): Promise<LinkAddress> {
  const text = host.replace(/^\[(.*)\]$/, '$1');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw refused(`Port ${port} is none`, 'Give a port from 1 to 65535.');
  }
  const literal = parseHost(text);
  const found = literal === undefined ? await resolveName(text) : [literal];
  const reachable = found.map((one) => withZone(sockets, { ...one, port })).filter((one) => one !== undefined);
  const best = reachable.find((one) => one.family === 6) ?? reachable[0];
  if (best === undefined) {
    const example = 'fe80::1%eth0';
    const fix = isLinkLocal(text)
      ? `Say by which interface, as in ${example}.`
      : 'Give an address that an interface of this radio reaches, or add the interface to the radio.';
    throw refused(`No interface of this radio leads to ${text}`, fix);
  }
  return endpointText(best.family, hostText(best), best.port);
}

async function resolveName(name: string): Promise<Host[]> {
  if (name.length === 0 || name.length > MAX_NAME_LENGTH || !/^[\w.-]+$/.test(name)) {
    throw refused(`${JSON.stringify(name.slice(0, 80))} is no host`, 'Give an IP address or a host name.');
  }
  try {
    const found = await lookup(name, { all: true, verbatim: true });
    return found.map(({ address }) => parseHost(address)).filter((host) => host !== undefined);
  } catch (error) {
    throw refused(
      `The name ${name} is not known: ${messageOf(error)}`,
      'Give an IP address, or mend the name service.',
    );
  }
}

/** A link-local address without its interface is understood where only one interface can be meant. */
function withZone(sockets: SocketSet, to: Endpoint): Endpoint | undefined {
  if (to.family === 4 || to.zone !== undefined || !isLinkLocal(to.address)) {
    return sockets.towards(to) === undefined ? undefined : to;
  }
  const [only, ...more] = sockets.data.filter(({ plan }) => plan.linkLocal);
  return only === undefined || more.length > 0 ? undefined : { ...to, zone: only.plan.iface };
}

const refused = (message: string, fix: string): EdgeError =>
  new EdgeError('radio.address', `${message}.`, { status: 400, fix });
