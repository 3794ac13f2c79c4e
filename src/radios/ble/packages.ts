import { createRequire } from 'node:module';
import { EdgeError, messageOf } from '../../core/errors.js';
import { HostDriver } from './hci-host.js';

/** The parts of the packages' interfaces that we use; their own types name other packages and cannot be imported. */
export interface NativeHciSocket {
  bindUser(device?: number): number;
  start(): void;
  stop(): void;
  write(packet: Buffer): void;
  on(event: 'data', fn: (packet: Buffer) => void): this;
  on(event: 'error', fn: (error: Error) => void): this;
}

interface RemoteCharacteristic {
  readonly uuid: string;
  on(event: 'data', fn: (value: Buffer) => void): this;
  subscribe(done: (error: Error | null) => void): void;
  write(value: Buffer, withoutResponse: boolean): void;
}

export interface Peripheral {
  readonly id: string;
  readonly mtu: number | null;
  discoverSomeServicesAndCharacteristicsAsync(
    services: string[],
    characteristics: string[],
  ): Promise<{ characteristics: RemoteCharacteristic[] }>;
}

export interface ConnectOptions {
  readonly addressType: 'public' | 'random';
  /** Units of 1.25 ms. */
  readonly minInterval: number;
  readonly maxInterval: number;
  readonly latency: number;
  /** Units of 10 ms. */
  readonly timeout: number;
  readonly mtu: number;
}

export interface Noble {
  readonly state: string;
  on(event: 'stateChange', fn: (state: string) => void): this;
  on(event: 'warning', fn: (message: string) => void): this;
  removeAllListeners(event: string): this;
  connect(id: string, options: ConnectOptions, done: (error: Error | undefined, peripheral: Peripheral) => void): void;
  cancelConnect(id: string): void;
  /** Private, see `Stacks.forget`. */
  _cleanupPeriperals?(id: string): void;
  readonly _bindings?: { readonly [list: string]: Record<string, unknown> | undefined };
  stop(): void;
}

export interface CharacteristicOptions {
  readonly uuid: string;
  readonly properties: readonly string[];
  onWriteRequest?(
    handle: number,
    data: Buffer,
    offset: number,
    withoutResponse: boolean,
    done: (status: number) => void,
  ): void;
  onSubscribe?(handle: number, maxValueSize: number, update: (value: Buffer) => void): void;
  onUnsubscribe?(handle: number): void;
}

export interface Bleno {
  on(event: 'stateChange', fn: (state: string) => void): this;
  setServices(services: readonly object[]): void;
  stop(): void;
}

interface StackOptions {
  readonly hciDriver: unknown;
  readonly bindParams: object;
  readonly userChannel: boolean;
  readonly extended: boolean;
}

export interface StackPackages {
  noble(options: StackOptions): Noble;
  bleno(options: StackOptions): Bleno;
  readonly Characteristic: new (options: CharacteristicOptions) => object;
  readonly PrimaryService: new (options: { uuid: string; characteristics: readonly object[] }) => object;
}

interface HciSocketModule {
  loadDriver(kind: unknown): new () => NativeHciSocket;
}

const require = createRequire(import.meta.url);
let hciSocket: HciSocketModule['loadDriver'] | undefined;
let stacks: StackPackages | undefined;

function missing(error: unknown): EdgeError {
  return new EdgeError(
    'radio.ble.packages',
    `the Bluetooth packages cannot be loaded: ${messageOf(error).split('\n')[0]}`,
    {
      fix: 'npm install --include=optional @abandonware/noble @abandonware/bleno',
      status: 503,
      cause: error,
    },
  );
}

/** The real loader of HCI sockets, replaced in the module by one that hands out ours. */
function takeLoader(): HciSocketModule['loadDriver'] {
  if (hciSocket !== undefined) return hciSocket;
  // The package belongs to the stacks, not to us: it is found from where they are.
  const fromStacks = createRequire(require.resolve('@abandonware/noble/package.json'));
  const module = fromStacks('@stoprocent/bluetooth-hci-socket') as HciSocketModule;
  hciSocket = module.loadDriver;
  // The stacks read the loader once, when they are loaded, and each makes a default instance then: ours touches nothing.
  module.loadDriver = () => HostDriver as unknown as new () => NativeHciSocket;
  return hciSocket;
}

/** The class of the kernel's HCI sockets. Throws EdgeError `radio.ble.packages`. */
export function loadHciSocket(): new () => NativeHciSocket {
  try {
    return takeLoader()('native');
  } catch (error) {
    throw missing(error);
  }
}

/** Both stacks, loaded when first asked for. Throws EdgeError `radio.ble.packages`. */
export function loadStacks(): StackPackages {
  if (stacks !== undefined) return stacks;
  try {
    takeLoader();
    const noble = require('@abandonware/noble');
    const bleno = require('@abandonware/bleno');
    // Instances carry the classes; the module's own default instance is never started.
    stacks = {
      noble: (options) => noble.withBindings('hci', options),
      bleno: (options) => bleno.withBindings('hci', options),
      Characteristic: bleno.Characteristic,
      PrimaryService: bleno.PrimaryService,
    };
    return stacks;
  } catch (error) {
    throw missing(error);
  }
}
