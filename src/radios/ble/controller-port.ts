import { EdgeError } from '../../core/errors.js';

export interface PortEvents {
  /** One whole HCI packet from the controller. */
  packet(bytes: Uint8Array): void;
  /** The way to the controller is gone. Said once. */
  closed(reason: string): void;
}

/** A way to one Bluetooth controller. */
export interface ControllerPort {
  /** Rejects with an EdgeError whose fix mends it. */
  open(events: PortEvents): Promise<void>;
  /** One whole HCI packet; dropped when the port is not open. */
  write(packet: Uint8Array): void;
  close(): Promise<void>;
}

export type AdapterSpec =
  | { readonly kind: 'hci'; readonly index: number | undefined }
  | { readonly kind: 'uart'; readonly path: string; readonly baud: number }
  | { readonly kind: 'unix'; readonly path: string };

export const DEFAULT_UART_BAUD = 115_200;

/** What stands after `ble:`. Throws EdgeError `radio.ble.adapter`. */
export function parseAdapter(text: string | undefined): AdapterSpec {
  if (text === undefined) return { kind: 'hci', index: undefined };
  const hci = /^hci(\d{1,3})$/.exec(text);
  if (hci) return { kind: 'hci', index: Number(hci[1]) };
  const uart = /^uart:(\/[^@]+)(?:@(\d{3,8}))?$/.exec(text);
  if (uart) return { kind: 'uart', path: uart[1] as string, baud: Number(uart[2] ?? DEFAULT_UART_BAUD) };
  const unix = /^unix:(.+)$/.exec(text);
  if (unix) return { kind: 'unix', path: unix[1] as string };
  throw new EdgeError('radio.ble.adapter', `There is no Bluetooth adapter ${JSON.stringify(text)}.`, {
    fix: 'Write ble, ble:hci0, ble:uart:/dev/ttyAMA0@921600 or ble:unix:PATH.',
  });
}
