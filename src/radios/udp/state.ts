import type { RadioCondition } from '../../ports/radio.js';
import type { Selection } from './plan.js';
import type { Failure } from './socket-set.js';

export interface RadioState {
  readonly condition: RadioCondition;
  readonly reason?: string;
  /** The command or setting that mends it. */
  readonly fix?: string;
}

/** What a look at the interfaces and an attempt at the sockets amount to, the gravest trouble first. */
export function judge(selection: Selection, failures: readonly Failure[]): RadioState {
  const taken = failures.find(({ error }) => error.code === 'EADDRINUSE');
  if (taken !== undefined) return portTaken(taken);
  const missing = selection.missing[0];
  if (missing !== undefined) {
    const reason = `no interface ${missing} that is up and has an address`;
    return { condition: 'retrying', reason, fix: `ip link set ${missing} up, or another name after @` };
  }
  if (selection.chosen.length === 0) {
    const reason = 'no interface but lo is up and has an address';
    return { condition: 'retrying', reason, fix: 'connect a network, or name lo: udp@lo' };
  }
  const failure = failures[0];
  if (failure === undefined) return { condition: 'up' };
  const what = failure.plan.role === 'data' ? failure.plan.iface : failure.plan.host;
  return { condition: 'retrying', reason: `no socket on ${what}: ${failure.error.message}` };
}

function portTaken({ plan, port }: Failure): RadioState {
  const sharing = plan.role === 'data' ? '' : ' that does not share it';
  return {
    condition: 'retrying',
    reason: `UDP port ${port} on ${plan.host} is taken by a program${sharing}`,
    fix: `ss -ulpn 'sport = :${port}' names it; stop it or choose another port`,
  };
}

/** One line for people: `eth0 (IPv6, IPv4), wlan0 (IPv6)`. */
export function describe(selection: Selection): string {
  const parts = selection.chosen.map((it) => {
    const families = [6, 4].filter((family) => it.addresses.some((entry) => entry.family === family));
    return `${it.name} (${families.map((family) => `IPv${family}`).join(', ')})`;
  });
  return parts.length === 0 ? 'no interface' : parts.join(', ');
}
