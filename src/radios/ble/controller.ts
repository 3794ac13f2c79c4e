import { concat } from '../../core/bytes.js';
import { EdgeError } from '../../core/errors.js';
import { type Abilities, statedAbilities } from './abilities.js';
import { Opcode, Status, statusText } from './hci-codes.js';
import type { CommandResult, HciMux } from './hci-mux.js';
import { addressText, le16, u16 } from './hci-packets.js';

export interface ControllerInfo {
  readonly address: string;
  readonly version: string;
  readonly manufacturer: number;
  readonly aclBytes: number;
  readonly aclBuffers: number;
  /** As it says itself. */
  readonly abilities: Abilities;
}

/** All but inquiry results and the like; with hardware errors. What both stacks would set. */
const EVENT_MASK = Uint8Array.of(0xff, 0xff, 0xfb, 0xff, 0x07, 0xf8, 0xbf, 0x3d);
/** Connections, adverts, updates, features, keys, data length; no extended events, which the peripheral stack cannot read. */
const LE_EVENT_MASK = Uint8Array.of(0x5f, 0, 0, 0, 0, 0, 0, 0);
/** Every controller has buffers of this size. */
const LEAST_ACL_BYTES = 27;
const VERSION_4_0 = 6;
const VERSIONS = ['4.0', '4.1', '4.2', '5.0', '5.1', '5.2', '5.3', '5.4', '6.0', '6.1'];

/** Resets the controller and makes it ours. Throws EdgeError `radio.ble.controller` when it does not answer or is too old. */
export async function bringUp(mux: HciMux): Promise<ControllerInfo> {
  await must(mux, Opcode.Reset, 'reset');
  const version = await must(mux, Opcode.ReadLocalVersion, 'tell its version', 8);
  const hciVersion = version.results[0] as number;
  if (hciVersion < VERSION_4_0)
    throw refused('the controller is older than Bluetooth 4.0, which has no low energy', 'use another adapter');
  const address = await must(mux, Opcode.ReadBdAddr, 'tell its address', 6);
  const buffers = await aclBuffers(mux);
  mux.setBuffers(buffers.bytes, buffers.count);
  await mux.command(Opcode.LeReadFeatures);
  await mux.command(Opcode.SetEventMask, EVENT_MASK);
  await must(mux, Opcode.LeSetEventMask, 'send low energy events', 0, LE_EVENT_MASK);
  // Only dual-mode controllers know this one.
  await mux.command(Opcode.WriteLeHostSupport, Uint8Array.of(1, 0));
  const states = await mux.command(Opcode.LeReadSupportedStates);
  return {
    address: addressText(address.results),
    version: VERSIONS[hciVersion - VERSION_4_0] ?? `later than ${VERSIONS.at(-1)}`,
    manufacturer: u16(version.results, 4),
    aclBytes: buffers.bytes,
    aclBuffers: buffers.count,
    abilities: statedAbilities(states),
  };
}

async function must(
  mux: HciMux,
  opcode: number,
  what: string,
  bytes = 0,
  parameters?: Uint8Array,
): Promise<CommandResult> {
  const result = await mux.command(opcode, parameters);
  if (result.status === Status.Success && result.results.length >= bytes) return result;
  throw refused(
    `the controller would not ${what}: ${statusText(result.status)}`,
    'unplug it and plug it in again, or power the device off and on',
  );
}

const refused = (message: string, fix: string): EdgeError =>
  new EdgeError('radio.ble.controller', message, { fix, status: 503 });

/** Buffers for LE, or the ones shared with classic Bluetooth, or the least there can be. */
async function aclBuffers(mux: HciMux): Promise<{ bytes: number; count: number }> {
  const le = await mux.command(Opcode.LeReadBufferSize);
  if (le.status === Status.Success && le.results.length >= 3) {
    const bytes = u16(le.results, 0);
    const count = le.results[2] as number;
    if (bytes > 0 && count > 0) return { bytes: Math.max(LEAST_ACL_BYTES, bytes), count };
  }
  const shared = await mux.command(Opcode.ReadBufferSize);
  if (shared.status === Status.Success && shared.results.length >= 7) {
    const bytes = u16(shared.results, 0);
    const count = u16(shared.results, 3);
    if (bytes > 0 && count > 0) return { bytes: Math.max(LEAST_ACL_BYTES, bytes), count };
  }
  return { bytes: LEAST_ACL_BYTES, count: 1 };
}

/** Of LE Set Advertising Parameters: type, channels, and whose requests are answered. */
const CONNECTABLE = 0;
const HIDDEN = 3;
const ALL_CHANNELS = 7;
const EVERYBODY = 0;
const NOBODY_NOT_LISTED = 3;

/** What the radio itself does with the controller: adverts and scanning. All resolve with a status. */
export class Gap {
  readonly #mux: HciMux;

  constructor(mux: HciMux) {
    this.#mux = mux;
  }

  /** Only while neither advertising nor scanning. From now on we are known by this address. */
  async setRandomAddress(address: Uint8Array): Promise<number> {
    const { status } = await this.#mux.command(Opcode.LeSetRandomAddress, address);
    if (status === Status.Success) this.#mux.ownAddressType = 1;
    return status;
  }

  /** `closed`: as connectable as others, but nobody's connection is taken. */
  async advertise(data: Uint8Array, who: 'connectable' | 'closed' | 'visible', intervalMs: number): Promise<number> {
    await this.stopAdvertising();
    const interval = le16(Math.round(intervalMs / 0.625));
    const type = who === 'visible' ? HIDDEN : CONNECTABLE;
    const filter = who === 'closed' ? NOBODY_NOT_LISTED : EVERYBODY;
    const own = Uint8Array.of(type, this.#mux.ownAddressType, 0, 0, 0, 0, 0, 0, 0, ALL_CHANNELS, filter);
    const set = await this.#mux.command(Opcode.LeSetAdvertisingParameters, concat(interval, interval, own));
    if (set.status !== Status.Success) return set.status;
    const padded = new Uint8Array(32);
    padded[0] = data.length;
    padded.set(data, 1);
    await this.#mux.command(Opcode.LeSetAdvertisingData, padded);
    return (await this.#mux.command(Opcode.LeSetAdvertisingEnable, Uint8Array.of(1))).status;
  }

  async stopAdvertising(): Promise<number> {
    return (await this.#mux.command(Opcode.LeSetAdvertisingEnable, Uint8Array.of(0))).status;
  }

  /** Passive: our adverts hold all there is to say, and asking for more would cost air. */
  async scan(intervalMs: number, windowMs: number): Promise<number> {
    await this.stopScan();
    const times = concat(le16(Math.round(intervalMs / 0.625)), le16(Math.round(windowMs / 0.625)));
    const own = Uint8Array.of(this.#mux.ownAddressType, 0);
    const set = await this.#mux.command(Opcode.LeSetScanParameters, concat(Uint8Array.of(0), times, own));
    if (set.status !== Status.Success) return set.status;
    return (await this.#mux.command(Opcode.LeSetScanEnable, Uint8Array.of(1, 0))).status;
  }

  async stopScan(): Promise<number> {
    return (await this.#mux.command(Opcode.LeSetScanEnable, Uint8Array.of(0, 0))).status;
  }
}
