import { concat } from '../../core/bytes.js';
import type { Clock } from '../../ports/clock.js';
import { Gap } from './controller.js';
import { AddressType, Opcode, Status, statusText } from './hci-codes.js';
import type { HciMux } from './hci-mux.js';
import { le16 } from './hci-packets.js';
import { type DrawBytes, privateAddress } from './tokens.js';

/** In units of the commands: 60 and 30 ms, 30 ms, 4 s. */
const SCAN_INTERVAL = le16(96);
const SCAN_WINDOW = le16(48);
const LINK_INTERVAL = le16(24);
const SUPERVISION = le16(400);
const ADVERT_INTERVAL_MS = 100;
/** After a cancel the controller reports the end of the attempt within this time, or it is left to the first real call to find out. */
const CANCEL_MS = 1_000;

/**
 * Takes the controller at its word: lets it advertise and scan, and then dial somebody who is not there, for a moment.
 * Some state that they do it all at once and refuse. Says what was refused and why, or undefined. Its adverts are empty
 * and answer nobody. Only between a reset and the first use.
 */
export async function refusedRole(mux: HciMux, clock: Clock, random: DrawBytes): Promise<string | undefined> {
  const gap = new Gap(mux);
  const before = mux.ownAddressType;
  await gap.setRandomAddress(privateAddress(random));
  try {
    const adverts = await gap.advertise(new Uint8Array(0), 'closed', ADVERT_INTERVAL_MS);
    if (adverts !== Status.Success) return `adverts: ${statusText(adverts)}`;
    const scan = await gap.scan(60, 30);
    await gap.stopScan();
    if (scan !== Status.Success) return `scanning while it advertises: ${statusText(scan)}`;
    const dial = await dialNobody(mux, clock, random);
    return dial === Status.Success ? undefined : `connecting while it advertises: ${statusText(dial)}`;
  } finally {
    await gap.stopAdvertising();
    mux.ownAddressType = before;
  }
}

async function dialNobody(mux: HciMux, clock: Clock, random: DrawBytes): Promise<number> {
  const nobody = privateAddress(random);
  const over = mux.dialEnd();
  const { status } = await mux.command(
    Opcode.LeCreateConnection,
    concat(
      SCAN_INTERVAL,
      SCAN_WINDOW,
      Uint8Array.of(0, AddressType.Random),
      nobody,
      Uint8Array.of(mux.ownAddressType),
      LINK_INTERVAL,
      LINK_INTERVAL,
      le16(0),
      SUPERVISION,
      le16(0),
      le16(0),
    ),
  );
  if (status !== Status.Success) return status;
  await mux.command(Opcode.LeCreateConnectionCancel);
  const overdue = new Promise<void>((resolve) => clock.timer('ble.trial', CANCEL_MS, resolve));
  await Promise.race([over, overdue]);
  return Status.Success;
}
