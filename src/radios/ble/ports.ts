import type { AdapterSpec, ControllerPort } from './controller-port.js';
import { UartPort } from './uart-port.js';
import { UnixPort } from './unix-port.js';
import { UserChannelPort } from './user-channel-port.js';

export function createPort(adapter: AdapterSpec): ControllerPort {
  switch (adapter.kind) {
    case 'hci':
      return new UserChannelPort(adapter.index);
    case 'uart':
      return new UartPort(adapter.path, adapter.baud);
    case 'unix':
      return new UnixPort(adapter.path);
  }
}
