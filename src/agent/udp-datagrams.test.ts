import { randomInt } from 'node:crypto';
import test from 'ava';
import { createDatagrams } from '../native/hot-path.js';
import type { Radio } from '../ports/radio.js';
import { createUdpRadio } from '../radios/udp/udp-radio.js';
import { radioContract } from '../testing/contracts/radio.js';
import { realClock, silentLog } from '../testing/radio-world.js';

const datagrams = createDatagrams();

if (datagrams === undefined) test.skip('udp by the addon (skipped: it has no sockets here)', () => {});
else {
  radioContract(test, 'udp on lo by the addon', async () => {
    const port = randomInt(10_000, 30_000);
    const options = { port, interfaces: ['lo'], log: silentLog(), clock: realClock(), datagrams };
    const [a, b, bystander] = [createUdpRadio(options), createUdpRadio(options), createUdpRadio(options)];
    const addressOf = (radio: Radio): string =>
      radio.localAddresses().find((address) => address.startsWith('127.')) as string;
    return { a, b, bystander, addressOf };
  });
}
