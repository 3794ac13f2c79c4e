import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Bonjour } from 'bonjour-service';
import type { Radio } from '../ports/radio.js';
import { createUdpRadio, type UdpRadioOptions } from '../radios/udp/udp-radio.js';
import { realClock, silentLog } from './radio-world.js';

/** What a test in another namespace tells this process to do, one JSON object a line. */
interface Command {
  readonly send?: string;
  readonly to?: string;
  /** Host and port as a person gives them. */
  readonly resolve?: readonly [string, number];
  /** Look for a DNS-SD service on the interface with this address. */
  readonly browse?: string;
}

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function obey(radio: Radio, command: Command): Promise<void> {
  if (command.send !== undefined) {
    say({ sent: command.send, result: radio.send(Buffer.from(command.send), command.to) });
  }
  if (command.resolve !== undefined) {
    const [host, port] = command.resolve;
    const resolved = await radio.addressOf?.(host, port).catch((error: unknown) => String(error));
    say({ resolved });
  }
  if (command.browse !== undefined) {
    const bonjour = new Bonjour({ interface: command.browse, bind: '0.0.0.0' } as object);
    bonjour.find({ type: 'edge-agent', protocol: 'udp' }, ({ name, port, txt }) => say({ service: name, port, txt }));
  }
}

/** `hold`: a UDP port to take first and not to share. */
const { hold, ...options } = JSON.parse(process.argv[2] ?? '{}') as Partial<UdpRadioOptions> & { hold?: number };
if (hold !== undefined) await once(createSocket('udp4').bind(hold), 'listening');
const radio = createUdpRadio({ ...options, log: silentLog(), clock: realClock() });
await radio.open({
  heard: (frames) => {
    for (const { from, bytes } of frames) say({ heard: Buffer.from(bytes).toString(), from });
  },
  linkUp: () => {},
  linkDown: () => {},
  condition: (condition, reason) => say({ condition, reason, addresses: radio.localAddresses() }),
});
say({ open: true, addresses: radio.localAddresses() });
// The end of the input is the end of the test.
for await (const line of createInterface({ input: process.stdin })) await obey(radio, JSON.parse(line) as Command);
await radio.close();
say({ closed: true, counters: radio.counters() });
process.exit(0);
