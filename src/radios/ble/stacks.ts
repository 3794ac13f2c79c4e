import { EdgeError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import { HostDriver } from './hci-host.js';
import type { HciMux } from './hci-mux.js';
import { RX_UUID, SERVICE_UUID, TX_UUID } from './limits.js';
import { type Bleno, loadStacks, type Noble, type Peripheral, type StackPackages } from './packages.js';

export interface StackEvents {
  /** A central wants to hear from us: at most `maxBytes` with each `notify`. */
  subscribed(handle: number, maxBytes: number, notify: (value: Uint8Array) => void): void;
  unsubscribed(handle: number): void;
  /** A central wrote to us. */
  written(handle: number, value: Uint8Array): void;
  /** What a stack has to say, for the log. */
  remark(text: string): void;
}

export interface DialTarget {
  readonly address: string;
  readonly addressType: number;
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
}

/** The remote side's attribute values, ready to use. */
interface GattClient {
  readonly packetBytes: number;
  write(value: Uint8Array): void;
}

/** A fragment then fits one link-layer packet of 251 bytes. */
const WANTED_MTU = 247;
const LEAST_MTU = 23;
const SUPERVISION_MS = 2_500;
const POWER_ON_MS = 5_000;
const SUCCESS = 0;

const plain = (value: Buffer): Uint8Array => new Uint8Array(value);
const idOf = (address: string): string => address.replaceAll(':', '');

/** noble as central and bleno as peripheral, unmodified, on the two sides of the multiplexer. */
export class Stacks {
  readonly #noble: Noble;
  readonly #bleno: Bleno;

  private constructor(noble: Noble, bleno: Bleno) {
    this.#noble = noble;
    this.#bleno = bleno;
  }

  /** Throws EdgeError `radio.ble.packages` or `radio.ble.stacks`. */
  static async start(mux: HciMux, clock: Clock, events: StackEvents): Promise<Stacks> {
    const packages = loadStacks();
    const [noble, bleno] = withoutExitHandlers(() => create(packages, mux));
    noble.removeAllListeners('warning');
    noble.on('warning', (text) => events.remark(text));
    const powered = Promise.all([poweredOn(noble, clock, 'noble'), poweredOn(bleno, clock, 'bleno')]);
    const stacks = new Stacks(noble, bleno);
    try {
      await powered;
    } catch (error) {
      stacks.stop();
      throw error;
    }
    bleno.setServices([service(packages, events)]);
    return stacks;
  }

  /** Rejects when the controller or `cancel` says so; never by itself. */
  connect(target: DialTarget): Promise<Peripheral> {
    const options = {
      addressType: target.addressType === 0 ? 'public' : 'random',
      minInterval: Math.round(target.minIntervalMs / 1.25),
      maxInterval: Math.round(target.maxIntervalMs / 1.25),
      latency: 0,
      timeout: SUPERVISION_MS / 10,
      mtu: WANTED_MTU,
    } as const;
    return new Promise((resolve, reject) => {
      this.#noble.connect(idOf(target.address), options, (error, peripheral) =>
        error ? reject(error) : resolve(peripheral),
      );
    });
  }

  cancel(target: DialTarget): void {
    this.#noble.cancelConnect(idOf(target.address));
  }

  /** Finds our service at the other side and listens to it. Rejects when it has none, or the link ends. */
  async attach(peripheral: Peripheral, heard: (value: Uint8Array) => void): Promise<GattClient> {
    const found = await peripheral.discoverSomeServicesAndCharacteristicsAsync([SERVICE_UUID], [RX_UUID, TX_UUID]);
    const rx = found.characteristics.find(({ uuid }) => uuid === RX_UUID);
    const tx = found.characteristics.find(({ uuid }) => uuid === TX_UUID);
    if (rx === undefined || tx === undefined)
      throw new EdgeError('radio.ble.service', 'the other side advertises our service but does not have it');
    tx.on('data', (value) => heard(plain(value)));
    await new Promise<void>((resolve, reject) => {
      tx.subscribe((error) => (error ? reject(error) : resolve()));
    });
    return {
      packetBytes: (peripheral.mtu ?? LEAST_MTU) - 3,
      write: (value) => rx.write(Buffer.from(value), true),
    };
  }

  /** The stack remembers every address it was ever connected to, and these change. It has no public way to forget one. */
  forget(address: string): void {
    const { _bindings: bindings } = this.#noble;
    if (bindings?._addresses === undefined) return;
    const id = idOf(address);
    this.#noble._cleanupPeriperals?.(id);
    for (const list of ['_addresses', '_addresseTypes', '_connectable', 'scannable']) delete bindings[list]?.[id];
  }

  stop(): void {
    for (const stack of [this.#noble, this.#bleno]) {
      try {
        stack.stop();
      } catch {
        // A stack that never got up has nothing to stop.
      }
    }
  }
}

/** Both stacks leave a handler that ends the process at the first Ctrl-C and one that writes at exit: the agent has its own. */
function withoutExitHandlers<T>(create: () => T): T {
  const before = new Map(['SIGINT', 'exit'].map((name) => [name, new Set(process.listeners(name as 'SIGINT'))]));
  const created = create();
  for (const [name, known] of before) {
    for (const listener of process.listeners(name as 'SIGINT'))
      if (!known.has(listener)) process.removeListener(name, listener);
  }
  return created;
}

function create(packages: StackPackages, mux: HciMux): [Noble, Bleno] {
  const common = { hciDriver: HostDriver, userChannel: true, extended: false };
  const noble = packages.noble({ ...common, bindParams: { port: mux.central } });
  // Reading the state starts it, at once and not in the next turn.
  void noble.state;
  // bleno reads these where its options fail, and would tell everybody the host's name.
  const bleno = withEnvironment({ HCI_CHANNEL_USER: '1', BLENO_DEVICE_NAME: 'edge-agent' }, () => {
    const made = packages.bleno({ ...common, bindParams: { port: mux.peripheral } });
    made.on('stateChange', () => {});
    return made;
  });
  return [noble, bleno];
}

function withEnvironment<T>(values: Readonly<Record<string, string>>, run: () => T): T {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  try {
    return run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function poweredOn(stack: Noble | Bleno, clock: Clock, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (state: string): EdgeError =>
      new EdgeError('radio.ble.stacks', `${name} does not start (${state})`, {
        fix: 'power the Bluetooth controller off and on',
        status: 503,
      });
    const timer = clock.timer('ble.power-on', POWER_ON_MS, () => reject(refuse('no answer')));
    const listen = (state: string): void => {
      if (state === 'poweredOn') resolve();
      else if (state === 'unsupported' || state === 'unauthorized') reject(refuse(state));
      else return;
      timer.cancel();
    };
    (stack as Bleno).on('stateChange', listen);
  });
}

function service(packages: StackPackages, events: StackEvents): object {
  const rx = new packages.Characteristic({
    uuid: RX_UUID,
    properties: ['writeWithoutResponse'],
    onWriteRequest: (handle, data, offset, _withoutResponse, done) => {
      done(SUCCESS);
      if (offset === 0) events.written(handle, plain(data));
    },
  });
  const tx = new packages.Characteristic({
    uuid: TX_UUID,
    properties: ['notify'],
    onSubscribe: (handle, maxBytes, update) =>
      events.subscribed(handle, maxBytes, (value) => update(Buffer.from(value))),
    onUnsubscribe: (handle) => events.unsubscribed(handle),
  });
  return new packages.PrimaryService({ uuid: SERVICE_UUID, characteristics: [rx, tx] });
}
