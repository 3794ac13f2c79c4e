import { LeEvent, Opcode, Role, Status } from '../../dist/radios/ble/hci-codes.js';
import {
  addressBytes,
  addressText,
  commandComplete,
  commandStatus,
  le16,
  leEvent,
  u16,
} from '../../dist/radios/ble/hci-packets.js';
import { forbids, hasRole } from './state-rules.js';
import type { Station } from './types.js';

type Handler = (controller: Station, parameters: Uint8Array) => void;

const ADVERT_UNIT_MS = 0.625;
const INTERVAL_UNIT_MS = 1.25;
const SUPERVISION_UNIT_MS = 10;
/** Bluetooth 5.0. */
const VERSION = Uint8Array.of(9, 0, 0, 9, 0xff, 0xff, 0, 0);
/** Data length extension, and no extended adverts. */
const LE_FEATURES = Uint8Array.of(0x20, 0, 0, 0, 0, 0, 0, 0);
const MAX_DATA_LENGTH = Uint8Array.of(0xfb, 0, 0x48, 0x08, 0xfb, 0, 0x48, 0x08);
const UNKNOWN_RSSI = 127;

const done = (controller: Station, opcode: number, status: number, ...results: Uint8Array[]): void =>
  controller.toHost(commandComplete(opcode, status, ...results));

const agrees =
  (opcode: number, ...results: Uint8Array[]): Handler =>
  (controller) =>
    done(controller, opcode, Status.Success, ...results);

function disconnect(controller: Station, p: Uint8Array): void {
  const known = controller.find(u16(p, 0));
  controller.toHost(commandStatus(Opcode.Disconnect, known ? Status.Success : Status.UnknownConnection));
  if (known === undefined) return;
  const { end, link } = known;
  const reason = p[2] as number;
  controller.air.time.soon(() =>
    end === link.central ? link.drop(Status.LocalHostEnded, reason) : link.drop(reason, Status.LocalHostEnded),
  );
}

function readRssi(controller: Station, p: Uint8Array): void {
  const known = controller.find(u16(p, 0));
  const rssi = known ? controller.air.rssi(controller, known.link.other(known.end).controller) : UNKNOWN_RSSI;
  const status = known ? Status.Success : Status.UnknownConnection;
  done(controller, Opcode.ReadRssi, status, p.slice(0, 2), Uint8Array.of(rssi & 255));
}

function readBuffers(controller: Station): void {
  const { bytes, count } = controller.quirks.claimedBuffers ?? {
    bytes: controller.aclBytes,
    count: controller.aclBuffers,
  };
  done(controller, Opcode.LeReadBufferSize, Status.Success, le16(bytes), Uint8Array.of(count));
}

function setRandomAddress(controller: Station, p: Uint8Array): void {
  const isBusy = controller.isAdvertising || controller.isScanning || controller.initiating !== undefined;
  if (!isBusy) controller.randomAddress = addressText(p, 0);
  done(controller, Opcode.LeSetRandomAddress, isBusy ? Status.Disallowed : Status.Success);
}

function setAdvertising(controller: Station, p: Uint8Array): void {
  const opcode = Opcode.LeSetAdvertisingParameters;
  if (controller.isAdvertising) return done(controller, opcode, Status.Disallowed);
  const intervalMs = u16(p, 0) * ADVERT_UNIT_MS;
  controller.advertising = { intervalMs, type: p[4] as number, ownAddressType: p[5] as number };
  done(controller, opcode, Status.Success);
}

function enableAdvertising(controller: Station, p: Uint8Array): void {
  const next = controller.advertising.type === 0 ? 'connectable' : 'hidden';
  const isSliced = controller.quirks.oneRoleAtATime && hasRole(controller, Role.Central);
  const isRefused = p[0] === 1 && (isSliced || forbids(controller, next));
  if (!isRefused) controller.setAdvertising(p[0] === 1);
  done(controller, Opcode.LeSetAdvertisingEnable, isRefused ? Status.Disallowed : Status.Success);
}

function setScan(controller: Station, p: Uint8Array): void {
  if (!controller.isScanning) controller.scanDuty = u16(p, 3) / Math.max(1, u16(p, 1));
  done(controller, Opcode.LeSetScanParameters, controller.isScanning ? Status.Disallowed : Status.Success);
}

function enableScan(controller: Station, p: Uint8Array): void {
  if (p[0] === 1) controller.quirks.scanIsStuck &&= controller.isScanning;
  const isRefused = p[0] === 1 && forbids(controller, 'scanning');
  if (!isRefused) controller.isScanning = p[0] === 1;
  done(controller, Opcode.LeSetScanEnable, isRefused ? Status.Disallowed : Status.Success);
}

function createConnection(controller: Station, p: Uint8Array): void {
  const status = (code: number): void => controller.toHost(commandStatus(Opcode.LeCreateConnection, code));
  const address = addressText(p, 6);
  const isSliced =
    controller.quirks.oneRoleAtATime && (controller.isAdvertising || hasRole(controller, Role.Peripheral));
  const isForbidden = isSliced || forbids(controller, 'initiating');
  if (controller.initiating !== undefined || isForbidden) return status(Status.Disallowed);
  if (controller.isLinkedTo(address)) return status(Status.ConnectionExists);
  if (controller.linkCount >= controller.maxLinks) return status(Status.ConnectionLimit);
  controller.initiating = {
    address,
    addressType: p[5] as number,
    ownAddressType: p[12] as number,
    intervalMs: u16(p, 13) * INTERVAL_UNIT_MS,
    latency: u16(p, 17),
    duty: u16(p, 2) / Math.max(1, u16(p, 0)),
    supervisionMs: u16(p, 19) * SUPERVISION_UNIT_MS,
  };
  status(Status.Success);
}

function cancelConnection(controller: Station): void {
  const wanted = controller.initiating;
  done(controller, Opcode.LeCreateConnectionCancel, wanted === undefined ? Status.Disallowed : Status.Success);
  if (wanted === undefined) return;
  controller.initiating = undefined;
  const peer = { address: wanted.address, type: wanted.addressType };
  controller.connected(Status.UnknownConnection, 0, 0, peer, wanted);
}

function updateConnection(controller: Station, p: Uint8Array): void {
  const known = controller.find(u16(p, 0));
  controller.toHost(commandStatus(Opcode.LeConnectionUpdate, known ? Status.Success : Status.UnknownConnection));
  if (known === undefined) return;
  for (const end of [known.end, known.link.other(known.end)]) {
    const parameters = Uint8Array.of(0, ...le16(end.handle), ...p.subarray(4, 10));
    end.controller.toHost(leEvent(LeEvent.ConnectionUpdate, parameters));
  }
}

const HANDLERS = new Map<number, Handler>([
  [Opcode.Disconnect, disconnect],
  [Opcode.SetEventMask, agrees(Opcode.SetEventMask)],
  [
    Opcode.Reset,
    (controller) => {
      controller.reset();
      done(controller, Opcode.Reset, Status.Success);
    },
  ],
  [Opcode.ReadLeHostSupport, agrees(Opcode.ReadLeHostSupport, Uint8Array.of(1, 0))],
  [Opcode.WriteLeHostSupport, agrees(Opcode.WriteLeHostSupport)],
  [Opcode.ReadLocalVersion, agrees(Opcode.ReadLocalVersion, VERSION)],
  [Opcode.ReadSupportedCommands, agrees(Opcode.ReadSupportedCommands, new Uint8Array(64))],
  [Opcode.ReadBufferSize, agrees(Opcode.ReadBufferSize, new Uint8Array(7))],
  [Opcode.ReadBdAddr, (c) => done(c, Opcode.ReadBdAddr, Status.Success, addressBytes(c.publicAddress))],
  [Opcode.ReadRssi, readRssi],
  [Opcode.LeSetEventMask, agrees(Opcode.LeSetEventMask)],
  [Opcode.LeReadBufferSize, readBuffers],
  [Opcode.LeReadFeatures, agrees(Opcode.LeReadFeatures, LE_FEATURES)],
  [Opcode.LeSetRandomAddress, setRandomAddress],
  [Opcode.LeSetAdvertisingParameters, setAdvertising],
  [
    Opcode.LeSetAdvertisingData,
    (controller, p) => {
      controller.advertData = p.slice(1, 1 + (p[0] as number));
      done(controller, Opcode.LeSetAdvertisingData, Status.Success);
    },
  ],
  [Opcode.LeSetScanResponseData, agrees(Opcode.LeSetScanResponseData)],
  [Opcode.LeSetAdvertisingEnable, enableAdvertising],
  [Opcode.LeSetScanParameters, setScan],
  [Opcode.LeSetScanEnable, enableScan],
  [Opcode.LeCreateConnection, createConnection],
  [Opcode.LeCreateConnectionCancel, cancelConnection],
  [Opcode.LeConnectionUpdate, updateConnection],
  [
    Opcode.LeReadSupportedStates,
    (c) => done(c, Opcode.LeReadSupportedStates, Status.Success, Uint8Array.from(Buffer.from(c.quirks.states, 'hex'))),
  ],
  [Opcode.LeSetDataLength, (c, p) => done(c, Opcode.LeSetDataLength, Status.Success, p.slice(0, 2))],
  [Opcode.LeReadMaximumDataLength, agrees(Opcode.LeReadMaximumDataLength, MAX_DATA_LENGTH)],
  [Opcode.LeSetPhy, agrees(Opcode.LeSetPhy)],
]);

/** Does what the host commands and answers it. */
export function answer(controller: Station, opcode: number, parameters: Uint8Array): void {
  const handler = HANDLERS.get(opcode);
  if (handler !== undefined) return handler(controller, parameters);
  controller.violations.push(`unknown command 0x${opcode.toString(16)}`);
  controller.toHost(commandStatus(opcode, Status.UnknownCommand));
}
