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

const DEFAULT_UART_BAUD = 115_200;

/** Between two adapters: the first dials, the second is dialled. */
const ADAPTERS_JOINED_BY = '+';

/** What stands after `ble:`: one adapter or two, or none, which means the first there is. Throws EdgeError `radio.ble.adapter`. */
export function parseAdapters(text: string | undefined): readonly AdapterSpec[] {
  if (text === undefined) return [];
  const names = text.split(ADAPTERS_JOINED_BY);
  if (names.length > 2) throw refusal(text, 'has more than two adapters');
  if (names[0] === names[1]) throw refusal(text, 'names one adapter twice');
  return names.map(parseAdapter);
}

/** One adapter. Throws EdgeError `radio.ble.adapter`. */
export function parseAdapter(text: string): AdapterSpec {
  const hci = /^hci(\d{1,3})$/.exec(text);
  if (hci) return { kind: 'hci', index: Number(hci[1]) };
  const uart = /^uart:(\/[^@]+)(?:@(\d{3,8}))?$/.exec(text);
  if (uart) return { kind: 'uart', path: uart[1] as string, baud: Number(uart[2] ?? DEFAULT_UART_BAUD) };
  const unix = /^unix:(.+)$/.exec(text);
  if (unix) return { kind: 'unix', path: unix[1] as string };
  throw new EdgeError('radio.ble.adapter', `There is no Bluetooth adapter ${JSON.stringify(text)}.`, { fix: FORMS });
}

const FORMS = 'Write ble, ble:hci0, ble:uart:/dev/ttyAMA0@921600 or ble:unix:PATH, or two of them: ble:hci0+hci1.';

const refusal = (text: string, what: string): EdgeError =>
  new EdgeError('radio.ble.adapter', `${JSON.stringify(text)} ${what}.`, { fix: FORMS });

/** As a person writes it. */
export function adapterName(adapter: AdapterSpec): string {
  switch (adapter.kind) {
    case 'hci':
      return `hci${adapter.index ?? ''}`;
    case 'uart':
      return `uart:${adapter.path}`;
    case 'unix':
      return `unix:${adapter.path}`;
  }
}
