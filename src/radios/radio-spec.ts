import { EdgeError } from '../core/errors.js';

export const DEFAULT_UDP_PORT = 9999;
/** Interfaces one UDP radio serves. The kernel lets one socket join 20 groups, hence not more. */
export const MAX_UDP_INTERFACES = 16;
const MAX_SPEC_LENGTH = 512;
const MAX_PATH_LENGTH = 256;
const MAX_ADAPTER_LENGTH = 128;
const MAX_BAUD = 12_000_000;

export interface UdpSpec {
  readonly kind: 'udp';
  /** The shared discovery port. */
  readonly port: number;
  /** Absent: every interface that is up, except `lo`. */
  readonly interfaces?: readonly string[];
}

export interface BleSpec {
  readonly kind: 'ble';
  /** Absent: the first controller there is. Two joined by `+`: the first dials, the second is dialled. */
  readonly adapter?: string;
}

/** Instead of a path: the port where an agent or a dongle answers. */
export const AUTO_PATH = 'auto';
/** What transparent LoRa modules send on the air as they come, whatever the speed of their port. */
const DEFAULT_AIR_BITS = 2_400;

export interface SerialSpec {
  readonly kind: 'serial';
  /** Of the device, or `auto`. */
  readonly path: string;
  /** Bits per second. Absent: the serial radio's default. */
  readonly baud?: number;
  /** Bits per second of an air that several nodes share behind the port; needs `baud`, and no `auto`. */
  readonly airBitsPerSecond?: number;
  /** Percent of any hour that may be spent transmitting, as the law says where it stands; needs `baud`. Absent: no limit. */
  readonly dutyPercent?: number;
}

export type RadioSpec = UdpSpec | BleSpec | SerialSpec;

const FORMS = {
  udp: 'udp[:PORT][@IFACE[,IFACE…]]',
  ble: 'ble[:ADAPTER[+ADAPTER]]',
  serial: 'serial:PATH[@BAUD[+air[:BITS]][+duty:PERCENT]]',
} as const;

type SpecKind = keyof typeof FORMS;

const isKind = (text: string): text is SpecKind => Object.hasOwn(FORMS, text);

function refuse(text: string, what: string, nearest: string): never {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  throw new EdgeError('radio.spec', `Radio ${JSON.stringify(shown)}: ${what}.`, {
    fix: `Write ${nearest}.`,
    details: { forms: Object.values(FORMS) },
  });
}

/** What a user wrote after `--radio`. Throws EdgeError `radio.spec`, whose fix names the nearest valid form. */
export function parseRadioSpec(text: string): RadioSpec {
  if (text.length > MAX_SPEC_LENGTH) refuse(text, `longer than ${MAX_SPEC_LENGTH} characters`, FORMS.udp);
  const several = text.split(/,(?=(?:udp|ble|serial)(?:[:@,]|$))/);
  if (several.length > 1) refuse(text, 'several radios in one', several.map((one) => `--radio ${one}`).join(' '));
  const kind = /^[^:@]*/.exec(text)?.[0] ?? '';
  if (!isKind(kind)) refuse(text, kind === '' ? 'names no kind' : 'is of no known kind', FORMS[nearestKind(kind)]);
  const rest = text.slice(kind.length);
  if (kind === 'udp') return parseUdp(text, rest);
  if (kind === 'ble') return parseBle(text, rest);
  return parseSerial(text, rest);
}

/** The shortest text that `parseRadioSpec` reads as this spec, except that the UDP port is always shown. */
export function formatRadioSpec(spec: RadioSpec): string {
  if (spec.kind === 'udp') {
    return `udp:${spec.port}${spec.interfaces === undefined ? '' : `@${spec.interfaces.join(',')}`}`;
  }
  if (spec.kind === 'ble') return spec.adapter === undefined ? 'ble' : `ble:${spec.adapter}`;
  const { path, baud, airBitsPerSecond, dutyPercent } = spec;
  const air = airBitsPerSecond === undefined ? '' : `+air:${airBitsPerSecond}`;
  const duty = dutyPercent === undefined ? '' : `+duty:${dutyPercent}`;
  return `serial:${path}${baud === undefined ? '' : `@${baud}${air}${duty}`}`;
}

function parseUdp(text: string, rest: string): UdpSpec {
  const at = rest.indexOf('@');
  const portText = at < 0 ? rest : rest.slice(0, at);
  const names = at < 0 ? undefined : rest.slice(at + 1).split(',');
  const tail = at < 0 ? '' : rest.slice(at);
  const port = portText === '' ? DEFAULT_UDP_PORT : decimal(portText.slice(1), 65_535);
  if (port === undefined) {
    refuse(text, 'the port is not a number from 1 to 65535', `udp:${DEFAULT_UDP_PORT}${tail || '[@IFACE]'}`);
  }
  if (names === undefined) return { kind: 'udp', port };
  const wrong = names.find((name) => !isInterfaceName(name));
  if (wrong !== undefined) {
    const what = wrong === '' ? 'an interface name is missing' : `${JSON.stringify(wrong)} is no interface name`;
    refuse(text, what, `udp:${port}@${names.filter(isInterfaceName).join(',') || 'eth0'}`);
  }
  const interfaces = [...new Set(names)];
  if (interfaces.length > MAX_UDP_INTERFACES) {
    refuse(text, `more than ${MAX_UDP_INTERFACES} interfaces`, `udp:${port} for all of them`);
  }
  return { kind: 'udp', port, interfaces };
}

/** The kernel's by number, a controller on a UART, one behind a socket. */
const ADAPTER = /^(?:hci\d{1,3}|uart:\/[\w.:/-]+(?:@\d{3,8})?|unix:[\w.:/@-]+)$/;

function parseBle(text: string, rest: string): BleSpec {
  if (rest === '') return { kind: 'ble' };
  const adapter = rest.slice(1);
  const names = adapter.split('+');
  const isOne = (name: string): boolean => name.length <= MAX_ADAPTER_LENGTH && ADAPTER.test(name);
  if (rest[0] !== ':' || !names.every(isOne)) {
    const index = /^(?:hci)?(\d{1,3})$/i.exec(adapter)?.[1];
    const isAddress = /^[\da-f]{2}([:-][\da-f]{2}){5}$/i.test(adapter);
    const what = isAddress ? 'an adapter is named by its number, not its address' : 'the adapter is not one';
    refuse(
      text,
      what,
      index === undefined ? `ble or ble:hci0${isAddress ? ' (hciconfig lists them)' : ''}` : `ble:hci${index}`,
    );
  }
  if (names.length > 2) refuse(text, 'more than two adapters', `ble:${names[0]}+${names[1]}`);
  if (names[0] === names[1]) refuse(text, 'one adapter named twice', `ble:${names[0]}`);
  return { kind: 'ble', adapter };
}

function parseSerial(text: string, rest: string): SerialSpec {
  // A path may hold `@` itself, so only digits after the last one are the speed.
  const split = /^:(.*?)(?:@(\d*)(\+air(?::(\d*))?)?(\+duty(?::([^+/]*))?)?)?$/s.exec(rest);
  const path = split?.[1] ?? '';
  refuseSpeedTypo(text, path);
  const baudText = split?.[2];
  if (path !== AUTO_PATH && (!/^\/[^\s\p{Cc}]+$/u.test(path) || path.length > MAX_PATH_LENGTH)) {
    const guess = /^[\w./-]+$/.test(path) ? `/dev/${path.replace(/^\.?\/+|^dev\//, '')}` : '/dev/ttyUSB0';
    refuse(text, 'the path of the device is missing or not absolute', `serial:${guess}`);
  }
  if (baudText === undefined) return { kind: 'serial', path };
  const baud = decimal(baudText, MAX_BAUD);
  if (baud === undefined) refuse(text, `the speed is not a number from 1 to ${MAX_BAUD}`, `serial:${path}@115200`);
  const dutyPercent = split?.[5] === undefined ? undefined : percent(split[6] ?? '');
  const air = split?.[3] ?? '';
  if (split?.[5] !== undefined && dutyPercent === undefined)
    refuse(text, 'the duty cycle is not a percentage above 0 and up to 100', `serial:${path}@${baud}${air}+duty:1`);
  const duty = dutyPercent === undefined ? {} : { dutyPercent };
  if (split?.[3] === undefined) return { kind: 'serial', path, baud, ...duty };
  if (path === AUTO_PATH)
    refuse(text, 'who shares an air cannot be found by asking', `serial:/dev/ttyUSB0@${baud}+air`);
  const airBitsPerSecond = split[4] === undefined ? DEFAULT_AIR_BITS : decimal(split[4], MAX_BAUD);
  if (airBitsPerSecond === undefined) {
    refuse(text, `the speed on the air is not a number from 1 to ${MAX_BAUD}`, `serial:${path}@${baud}+air:2400`);
  }
  return { kind: 'serial', path, baud, airBitsPerSecond, ...duty };
}

const USUAL_SPEEDS = [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600];

/**
 * What was meant as a speed must not become part of the file's name: `@115k`, `:115200`, `,9600`, `@9600+lora`.
 * Real names end otherwise; what udev calls by-path ends in `:1.0` or `-port0`.
 */
function refuseSpeedTypo(text: string, path: string): void {
  const typo = /^(.*?)(?:@(\d[^/@]*|[^/@]*\+[^/@]*)|[:,](\d{3,8}(?:\+[^/]*)?|\d+(?:\.\d+)?k\w*))$/is.exec(path);
  if (!typo) return;
  const [, file = '', behindAt, behindMark] = typo;
  const [meant = '', air] = (behindAt ?? behindMark ?? '').split('+', 2);
  const digits = meant.replace(/\D/g, '');
  const speed = USUAL_SPEEDS.find((usual) => digits !== '' && String(usual).startsWith(digits)) ?? 115_200;
  const isWrongAir = air !== undefined && decimal(meant, MAX_BAUD) !== undefined;
  const what = isWrongAir ? `${JSON.stringify(`+${air}`)} is nothing that stands behind a speed` : 'the speed is none';
  const bits = /^air:/.test(air ?? '') ? `:${DEFAULT_AIR_BITS}` : '';
  refuse(text, what, `serial:${file}@${speed}${air === undefined ? '' : `+air${bits}`}`);
}

function decimal(text: string, max: number): number | undefined {
  if (!/^[0-9]{1,8}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= 1 && value <= max ? value : undefined;
}

function percent(text: string): number | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3})?%?$/.test(text)) return undefined;
  const value = Number.parseFloat(text);
  return value > 0 && value <= 100 ? value : undefined;
}

/** Names the kernel takes, less the characters that mean something in a spec or an address. */
export function isInterfaceName(name: string): boolean {
  return /^[^\s\p{Cc}/,@:%]{1,15}$/u.test(name) && name !== '.' && name !== '..';
}

function nearestKind(text: string): SpecKind {
  const asked = text.slice(0, 16).toLowerCase();
  if (asked.startsWith('/') || asked.startsWith('tty') || asked.startsWith('uart')) return 'serial';
  if (asked.startsWith('b') || asked.startsWith('hci')) return 'ble';
  if (asked.startsWith('s') || asked.startsWith('lora')) return 'serial';
  return 'udp';
}

/** Whether two radios would use one device: the same port at whatever speed, or a Bluetooth adapter of the other. */
export function sharesDevice(a: RadioSpec, b: RadioSpec): boolean {
  if (a.kind === 'serial' && b.kind === 'serial') return a.path === b.path;
  if (a.kind !== 'ble' || b.kind !== 'ble') return false;
  const names = ({ adapter = '' }: BleSpec): readonly string[] => adapter.split('+');
  return names(a).some((name) => names(b).includes(name));
}
