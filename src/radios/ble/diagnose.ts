import { EdgeError, messageOf } from '../../core/errors.js';

interface Cause {
  readonly matches: RegExp;
  readonly code: string;
  reason(adapter: string): string;
  fix(adapter: string): string;
}

/** Why a controller could not be had, by what the system says of it. */
const CAUSES: readonly Cause[] = [
  {
    matches: /EAFNOSUPPORT|Address family not supported/i,
    code: 'radio.ble.kernel',
    reason: () => 'this kernel has no Bluetooth',
    fix: () =>
      'modprobe bluetooth, or use a kernel with CONFIG_BT, or a controller on a UART: --radio ble:uart:/dev/ttyAMA0',
  },
  {
    matches: /EPERM|EACCES|not permitted|permission denied/i,
    code: 'radio.ble.permission',
    reason: (adapter) => `no permission to use ${adapter}`,
    fix: (adapter) =>
      adapter.startsWith('uart:')
        ? `sudo usermod -aG dialout $USER, then log in again`
        : 'sudo setcap cap_net_admin,cap_net_raw+eip $(readlink -f $(which node)), or run the agent by its systemd unit',
  },
  {
    matches: /EBUSY|resource busy|cannot lock port/i,
    code: 'radio.ble.busy',
    reason: (adapter) => `${adapter} is in use, by bluetoothd or because it is up`,
    fix: (adapter) =>
      adapter.startsWith('uart:')
        ? `find who holds it: sudo fuser -v ${adapter.slice('uart:'.length)}`
        : `sudo systemctl stop bluetooth && sudo btmgmt --index ${adapter.replace(/\D/g, '') || '0'} power off`,
  },
  {
    matches: /EUSERS|Too many users/i,
    code: 'radio.ble.busy',
    reason: (adapter) => `another program has ${adapter} for itself`,
    fix: () => `find and end it, it may be another agent: sudo lsof | grep 'protocol: HCI'`,
  },
  {
    matches: /ERFKILL|RF-kill/i,
    code: 'radio.ble.blocked',
    reason: (adapter) => `${adapter} is switched off by rfkill`,
    fix: () => 'sudo rfkill unblock bluetooth',
  },
  {
    matches: /EIO|Input\/output error|ETIMEDOUT|timed out/i,
    code: 'radio.ble.controller',
    reason: (adapter) => `${adapter} does not start`,
    fix: (adapter) =>
      adapter.startsWith('uart:')
        ? 'power the controller off and on'
        : 'unplug it and plug it in again, or restart the device; dmesg | grep -i bluetooth says what its firmware lacks',
  },
  {
    matches: /ENODEV|No such device/i,
    code: 'radio.ble.adapter.absent',
    reason: (adapter) => `there is no ${adapter}`,
    fix: () => 'plug it in, or name another: ls /sys/class/bluetooth',
  },
  {
    matches: /ENOENT|No such file|ECONNREFUSED|ENOTSOCK/i,
    code: 'radio.ble.adapter.absent',
    reason: (adapter) => `nothing answers at ${adapter}`,
    fix: (adapter) =>
      adapter.startsWith('unix:')
        ? 'start the emulated controllers first: node dist-hw/emulation/main.js PATH'
        : 'check the path: ls /dev/tty*',
  },
];

/** What keeps us from the controller and what mends it, as an error with one line each. */
export function diagnose(error: unknown, adapter: string): EdgeError {
  if (error instanceof EdgeError) return error;
  const text = `${(error as { code?: unknown } | undefined)?.code ?? ''} ${messageOf(error)}`;
  const cause = CAUSES.find(({ matches }) => matches.test(text));
  return new EdgeError(
    cause?.code ?? 'radio.ble.controller',
    cause?.reason(adapter) ?? `${adapter}: ${messageOf(error)}`,
    {
      fix: cause?.fix(adapter) ?? 'edge-agent doctor shows what is there',
      status: 503,
      cause: error,
    },
  );
}
