import test from 'ava';
import { MAX_UDP_INTERFACES } from '../radio-spec.js';
import type { NetworkInterface } from './interfaces.js';
import { GROUP_IPV4, GROUP_IPV6 } from './limits.js';
import { type AnyPlan, type DataPlan, type GroupPlan, planSockets, selectInterfaces } from './plan.js';

const lo: NetworkInterface = {
  name: 'lo',
  index: 1,
  loopback: true,
  addresses: [
    { family: 4, address: '127.0.0.1', prefixBits: 8 },
    { family: 6, address: '::1', prefixBits: 128 },
  ],
};
const eth0: NetworkInterface = {
  name: 'eth0',
  index: 2,
  loopback: false,
  addresses: [
    { family: 4, address: '192.168.1.5', prefixBits: 24 },
    { family: 6, address: 'fd00::5', prefixBits: 64 },
    { family: 6, address: 'fd00::6', prefixBits: 64 },
    { family: 6, address: 'fe80::5', prefixBits: 64 },
  ],
};
const wlan0: NetworkInterface = {
  name: 'wlan0',
  index: 3,
  loopback: false,
  addresses: [{ family: 4, address: '10.1.0.5', prefixBits: 16 }],
};
const all = [lo, wlan0, eth0];
const never = (): boolean => false;
const plansFor = (wanted?: readonly string[]): AnyPlan[] => planSockets(selectInterfaces(all, wanted), never);
const dataOf = (plans: readonly AnyPlan[]): DataPlan[] => plans.filter((plan) => plan.role === 'data');
const groupsOf = (plans: readonly AnyPlan[]): GroupPlan[] => plans.filter((plan) => plan.role === 'group');

test('by default all interfaces but lo are served, IPv6 first', (t) => {
  t.deepEqual(
    dataOf(plansFor()).map(({ host, multicastHost }) => [host, multicastHost]),
    [
      ['fe80::5%eth0', `${GROUP_IPV6}%eth0`],
      ['fd00::5', undefined],
      ['192.168.1.5', GROUP_IPV4],
      ['10.1.0.5', GROUP_IPV4],
    ],
  );
});

test('on lo only IPv4 calls to all', (t) => {
  t.deepEqual(
    dataOf(plansFor(['lo'])).map(({ host, multicastHost }) => [host, multicastHost]),
    [
      ['::1', undefined],
      ['127.0.0.1', GROUP_IPV4],
    ],
  );
  t.deepEqual(
    groupsOf(plansFor(['lo'])).map(({ members }) => members),
    [['127.0.0.1']],
  );
});

test('one IPv4 group socket serves all interfaces and refuses what another interface heard', (t) => {
  const [group, ...more] = groupsOf(plansFor(['eth0'])).filter(({ family }) => family === 4);
  t.deepEqual(more, []);
  t.true(group?.accepts('192.168.1.77'));
  t.true(group?.accepts('172.16.0.1'));
  t.false(group?.accepts('10.1.0.6'));
  t.false(group?.accepts('127.0.0.1'));
});

test('an address in use is kept while it exists', (t) => {
  const plans = planSockets(selectInterfaces(all, ['eth0']), (address) => address === 'fd00::6');
  t.true(dataOf(plans).some(({ host }) => host === 'fd00::6'));
});

test('the same interface has the same keys, another device of that name has others', (t) => {
  const keys = (it: NetworkInterface): string[] => planSockets(selectInterfaces([it]), never).map(({ key }) => key);
  t.deepEqual(keys(eth0), keys({ ...eth0 }));
  const replaced = keys({ ...eth0, index: 9 });
  t.true(keys(eth0).every((key) => !replaced.includes(key)));
  t.is(new Set(keys(eth0)).size, keys(eth0).length);
});

test('absent names and interfaces beyond the limit are told', (t) => {
  t.deepEqual(selectInterfaces(all, ['eth0', 'eth7']).missing, ['eth7']);
  const many = Array.from({ length: MAX_UDP_INTERFACES + 2 }, (_, i) => ({
    ...wlan0,
    name: `w${String(i).padStart(2, '0')}`,
  }));
  const { chosen, surplus } = selectInterfaces(many);
  t.is(chosen.length, MAX_UDP_INTERFACES);
  t.deepEqual(surplus, ['w16', 'w17']);
});
