import test from 'ava';
import fc from 'fast-check';
import { EdgeError } from '../core/errors.js';
import { formatRadioSpec, isInterfaceName, parseRadioSpec, type RadioSpec } from './radio-spec.js';

const interfaceName = fc.string({ minLength: 1, maxLength: 15 }).filter(isInterfaceName);
const udp = fc.record({
  kind: fc.constant('udp' as const),
  port: fc.integer({ min: 1, max: 65_535 }),
  interfaces: fc.uniqueArray(interfaceName, { minLength: 1, maxLength: 16 }),
});
const udpAnywhere = udp.map(({ kind, port }) => ({ kind, port }));
const adapter = fc.oneof(
  fc.integer({ min: 0, max: 999 }).map((index) => `hci${index}`),
  fc.stringMatching(/^uart:\/[\w.:/-]{1,40}(@\d{3,8})?$/),
  fc.stringMatching(/^unix:[\w.:/@-]{1,40}$/),
);
const adapters = fc.uniqueArray(adapter, { minLength: 1, maxLength: 2 }).map((names) => names.join('+'));
const ble = fc.oneof(
  fc.constant({ kind: 'ble' as const }),
  fc.record({ kind: fc.constant('ble' as const), adapter: adapters }),
);
const path = fc.stringMatching(/^\/[!-~]{1,60}$/).filter((text) => !/@|[:,]\d|,(udp|ble|serial)/.test(text));
const speed = fc.integer({ min: 1, max: 12_000_000 });
const duty = fc.integer({ min: 1, max: 100_000 }).map((mille) => mille / 1_000);
const serial = fc.oneof(
  fc.record({ kind: fc.constant('serial' as const), path }),
  fc.record({ kind: fc.constant('serial' as const), path: fc.oneof(path, fc.constant('auto')), baud: speed }),
  fc.record({ kind: fc.constant('serial' as const), path, baud: speed, airBitsPerSecond: speed }),
  fc.record({ kind: fc.constant('serial' as const), path, baud: speed, airBitsPerSecond: speed, dutyPercent: duty }),
  fc.record({ kind: fc.constant('serial' as const), path, baud: speed, dutyPercent: duty }),
);

test('every spec that can be written is read back as it was', (t) => {
  fc.assert(
    fc.property(fc.oneof(udp, udpAnywhere, ble, serial), (spec: RadioSpec) => {
      t.deepEqual(parseRadioSpec(formatRadioSpec(spec)), spec);
    }),
  );
});

test('the names that udev gives to ports are taken as they are', (t) => {
  for (const path of [
    '/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0',
    '/dev/serial/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.2:1.0',
    '/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0',
    '/run/demo/tty-3-4-n3',
  ]) {
    t.deepEqual(parseRadioSpec(`serial:${path}`), { kind: 'serial', path });
    t.deepEqual(parseRadioSpec(`serial:${path}@9600`), { kind: 'serial', path, baud: 9_600 });
  }
});

test('any text is read or refused with a code and a way out, nothing else', (t) => {
  const shaped = fc.tuple(fc.constantFrom('udp', 'ble', 'serial', ''), fc.string()).map(([kind, rest]) => kind + rest);
  fc.assert(
    fc.property(fc.oneof(fc.string(), shaped), (text) => {
      try {
        const spec = parseRadioSpec(text);
        t.deepEqual(parseRadioSpec(formatRadioSpec(spec)), spec);
      } catch (error) {
        t.true(error instanceof EdgeError && error.code === 'radio.spec' && error.fix !== undefined);
      }
    }),
  );
});

test('the forms of the manual are read', (t) => {
  t.deepEqual(parseRadioSpec('udp'), { kind: 'udp', port: 9999 });
  t.deepEqual(parseRadioSpec('udp:7000'), { kind: 'udp', port: 7000 });
  t.deepEqual(parseRadioSpec('udp@lo'), { kind: 'udp', port: 9999, interfaces: ['lo'] });
  t.deepEqual(parseRadioSpec('udp:7000@eth0,wlan0,eth0'), { kind: 'udp', port: 7000, interfaces: ['eth0', 'wlan0'] });
  t.deepEqual(parseRadioSpec('ble'), { kind: 'ble' });
  t.deepEqual(parseRadioSpec('ble:hci1'), { kind: 'ble', adapter: 'hci1' });
  t.deepEqual(parseRadioSpec('ble:hci0+hci1'), { kind: 'ble', adapter: 'hci0+hci1' });
  t.deepEqual(parseRadioSpec('serial:/dev/ttyUSB0'), { kind: 'serial', path: '/dev/ttyUSB0' });
  t.deepEqual(parseRadioSpec('serial:/dev/ttyUSB0@57600'), { kind: 'serial', path: '/dev/ttyUSB0', baud: 57_600 });
  t.deepEqual(parseRadioSpec('serial:/dev/a@b@9600'), { kind: 'serial', path: '/dev/a@b', baud: 9600 });
  t.deepEqual(parseRadioSpec('serial:auto'), { kind: 'serial', path: 'auto' });
  t.deepEqual(parseRadioSpec('serial:auto@921600'), { kind: 'serial', path: 'auto', baud: 921_600 });
  const lora = { kind: 'serial', path: '/dev/ttyS0', baud: 9600, airBitsPerSecond: 2_400 } as const;
  t.deepEqual(parseRadioSpec('serial:/dev/ttyS0@9600+air'), lora);
  t.deepEqual(parseRadioSpec('serial:/dev/ttyS0@9600+air:2400+duty:0.1%'), { ...lora, dutyPercent: 0.1 });
  const dongle = { kind: 'serial', path: 'auto', baud: 115_200, dutyPercent: 10 } as const;
  t.deepEqual(parseRadioSpec('serial:auto@115200+duty:10'), dongle);
  t.deepEqual(parseRadioSpec('serial:/dev/ttyS0@9600+air:19200'), { ...lora, airBitsPerSecond: 19_200 });
});

for (const [text, nearest] of [
  ['', 'udp[:PORT][@IFACE[,IFACE…]]'],
  ['upd:9999', 'udp[:PORT][@IFACE[,IFACE…]]'],
  ['udp:0', 'udp:9999[@IFACE]'],
  ['udp:99999@eth0', 'udp:9999@eth0'],
  ['udp:9999@', 'udp:9999@eth0'],
  ['udp@eth0,', 'udp:9999@eth0'],
  ['bluetooth', 'ble[:ADAPTER[+ADAPTER]]'],
  ['ble:', 'ble or ble:hci0'],
  ['ble:hci0+', 'ble or ble:hci0'],
  ['ble:hci0+hci0', 'ble:hci0'],
  ['ble:hci0+hci1+hci2', 'ble:hci0+hci1'],
  ['/dev/ttyUSB0', 'serial:PATH[@BAUD[+air[:BITS]][+duty:PERCENT]]'],
  ['serial:auto@9600+air', 'serial:/dev/ttyUSB0@9600+air'],
  ['serial:/dev/ttyS0@9600+air:', 'serial:/dev/ttyS0@9600+air:2400'],
  ['serial:/dev/ttyS0@9600+duty', 'serial:/dev/ttyS0@9600+duty:1'],
  ['serial:/dev/ttyS0@9600+air:2400+duty:0', 'serial:/dev/ttyS0@9600+air:2400+duty:1'],
  ['serial:/dev/ttyS0@9600+duty:101', 'serial:/dev/ttyS0@9600+duty:1'],
  ['ble:1', 'ble:hci1'],
  ['ble:00:11:22:33:44:55', 'ble or ble:hci0 (hciconfig lists them)'],
  ['ble:dongle', 'ble or ble:hci0'],
  ['udp,ble', '--radio udp --radio ble'],
  ['udp@lo,serial:/dev/ttyUSB0', '--radio udp@lo --radio serial:/dev/ttyUSB0'],
  ['serial:/dev/ttyUSB0@115k', 'serial:/dev/ttyUSB0@115200'],
  ['serial:/dev/ttyUSB0@9.6k', 'serial:/dev/ttyUSB0@9600'],
  ['serial:/dev/ttyUSB0:115200', 'serial:/dev/ttyUSB0@115200'],
  ['serial:/dev/ttyUSB0,57600', 'serial:/dev/ttyUSB0@57600'],
  ['serial:/dev/ttyUSB0:9600+air', 'serial:/dev/ttyUSB0@9600+air'],
  ['serial:/dev/ttyUSB0@9600+lora', 'serial:/dev/ttyUSB0@9600+air'],
  ['serial:/dev/ttyUSB0@9600+air:fast', 'serial:/dev/ttyUSB0@9600+air:2400'],
  ['serial', 'serial:/dev/ttyUSB0'],
  ['serial:ttyACM0', 'serial:/dev/ttyACM0'],
  ['serial:/dev/ttyUSB0@', 'serial:/dev/ttyUSB0@115200'],
] as const) {
  test(`${JSON.stringify(text)} is refused and ${nearest} is named`, (t) => {
    const error = t.throws(() => parseRadioSpec(text), { instanceOf: EdgeError });
    t.is(error?.code, 'radio.spec');
    t.is(error?.fix, `Write ${nearest}.`);
  });
}
