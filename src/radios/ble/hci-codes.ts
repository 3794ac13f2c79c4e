/** Numbers of the Host Controller Interface (Bluetooth Core, volume 4, part E). */

export const Opcode = {
  Nothing: 0x0000,
  Disconnect: 0x0406,
  SetEventMask: 0x0c01,
  Reset: 0x0c03,
  ReadLeHostSupport: 0x0c6c,
  WriteLeHostSupport: 0x0c6d,
  ReadLocalVersion: 0x1001,
  ReadSupportedCommands: 0x1002,
  ReadBufferSize: 0x1005,
  ReadBdAddr: 0x1009,
  ReadRssi: 0x1405,
  LeSetEventMask: 0x2001,
  LeReadBufferSize: 0x2002,
  LeReadFeatures: 0x2003,
  LeSetRandomAddress: 0x2005,
  LeSetAdvertisingParameters: 0x2006,
  LeSetAdvertisingData: 0x2008,
  LeSetScanResponseData: 0x2009,
  LeSetAdvertisingEnable: 0x200a,
  LeSetScanParameters: 0x200b,
  LeSetScanEnable: 0x200c,
  LeCreateConnection: 0x200d,
  LeCreateConnectionCancel: 0x200e,
  LeConnectionUpdate: 0x2013,
  LeStartEncryption: 0x2019,
  LeReadSupportedStates: 0x201c,
  LeSetDataLength: 0x2022,
  LeReadMaximumDataLength: 0x202f,
  LeSetPhy: 0x2031,
} as const;

export const Event = {
  DisconnectionComplete: 0x05,
  EncryptionChange: 0x08,
  CommandComplete: 0x0e,
  CommandStatus: 0x0f,
  HardwareError: 0x10,
  CompletedPackets: 0x13,
  DataBufferOverflow: 0x1a,
  EncryptionKeyRefresh: 0x30,
  LeMeta: 0x3e,
} as const;

export const LeEvent = {
  ConnectionComplete: 0x01,
  AdvertisingReport: 0x02,
  ConnectionUpdate: 0x03,
  LongTermKeyRequest: 0x05,
  DataLengthChange: 0x07,
  EnhancedConnectionComplete: 0x0a,
  ExtendedAdvertisingReport: 0x0d,
} as const;

export const Status = {
  Success: 0x00,
  UnknownCommand: 0x01,
  UnknownConnection: 0x02,
  HardwareFailure: 0x03,
  MemoryExceeded: 0x07,
  ConnectionTimeout: 0x08,
  ConnectionLimit: 0x09,
  ConnectionExists: 0x0b,
  Disallowed: 0x0c,
  InvalidParameters: 0x12,
  RemoteUserEnded: 0x13,
  LocalHostEnded: 0x16,
  NotEstablished: 0x3e,
} as const;

export const Role = { Central: 0, Peripheral: 1 } as const;
export type Role = (typeof Role)[keyof typeof Role];

export const AddressType = { Public: 0, Random: 1 } as const;
export type AddressType = (typeof AddressType)[keyof typeof AddressType];

const STATUS_TEXT: Readonly<Record<number, string>> = {
  [Status.UnknownCommand]: 'unknown command',
  [Status.UnknownConnection]: 'unknown connection',
  [Status.HardwareFailure]: 'hardware failure',
  [Status.MemoryExceeded]: 'memory exceeded',
  [Status.ConnectionTimeout]: 'connection timed out',
  [Status.ConnectionLimit]: 'connection limit exceeded',
  [Status.ConnectionExists]: 'connection exists already',
  [Status.Disallowed]: 'command disallowed',
  [Status.InvalidParameters]: 'invalid parameters',
  [Status.RemoteUserEnded]: 'the other side ended the link',
  [Status.LocalHostEnded]: 'this side ended the link',
  59: 'unacceptable connection parameters',
  [Status.NotEstablished]: 'connection failed to be established',
};

/** For people, with the number for those who look it up. */
export function statusText(status: number): string {
  const number = `0x${status.toString(16).padStart(2, '0')}`;
  const text = STATUS_TEXT[status];
  return text === undefined ? `status ${number}` : `${text} (${number})`;
}
