// What is done with the commands of the pages. Whatever no table here knows fails: a page must not promise the unknown.

/** What a page writes, and what stands for it here. `place` has the addresses and ids of the agents of this run. */
export const SHELL_VALUES = [
  // The word a page writes; what it becomes.
  [/(?<![\w.])(?:127\.0\.0\.1|localhost):7070\b/g, (place) => place.address],
  [/\b0\.0\.0\.0:7070\b/g, () => '127.0.0.1:0'],
  [/--radio udp(?::\d+)?(?:@[\w,-]+)?/g, (place) => `--radio ${place.otherRadio}`],
  [/\ba1b2c3d4e5f60718\b/g, (place) => place.peerId],
  [/\b0102030405060708a1b200000001\b/g, (place) => place.messageId],
  [/\b0102030405060708a1b200000002\b/g, (place) => place.queryId],
  [/\b10\.0\.0\.7:9999\b/g, (place) => place.peerAddress],
  [/(?<=")10\.0\.0\.7(?=","port":9999\b)/g, (place) => place.peerAddress.split(':')[0]],
  [/\/etc\/edge-agent\.toml/g, () => 'edge-agent.toml'],
];

/** A program joins the agents of this run, on their port of this machine's loopback. */
export const PROGRAM_VALUES = [
  [/\b127\.0\.0\.1:7070\b/g, (place) => place.address],
  [/(?<=['"])udp(?=['"]\s*\])/g, (place) => place.radio],
  [/\bmy-site\b/g, (place) => place.mesh],
  [/\ba1b2c3d4e5f60718\b/g, (place) => place.peerId],
];

/** Commands that go on until they are ended, and how it shows that they work. */
export const STAYS = [
  [/^(?:\w+=\S+ )*(?:npx )?edge-agent(?: run\b| --(?!help|version)|$)/, 'agent'],
  [/^(?:npx )?edge-agent (?:alerts watch|events)\b(?!.*--count)/, 'alert'],
  [/^curl\b.*(?: -N|-sN|--no-buffer)\b.*\/events/, 'alert'],
];

/** Commands that cannot run here, and why. That their script and flags exist is checked. */
export const NOT_HERE = [
  [/^\.\/scripts\/demo\b/, 'starts a mesh of its own; a stage of scripts/test runs it'],
  [/^(?:\w+=\S+ )*\.\/scripts\/test\b/, 'this is a part of it'],
  [/^\.\/scripts\/(?:setup|build|build-native)\b/, 'changes this checkout; scripts/test has run it'],
  [/^(?:npx )?edge-agent simulate\b.*(?:--suite|--shrink)\b/, 'takes minutes to hours'],
  [/^node scripts\/bench-lib\/mesh-page\.mjs\b/, 'wants the figures of a run that takes hours'],
  [/^\.\/scripts\/bench\b/, 'takes minutes; scripts/test --full runs it'],
  [/^node dist\/sim\/experiments\/run-/, 'takes minutes'],
  [/^\.\/scripts\/hw-test\b/, 'wants a rig; scripts/test runs it on the emulated ones'],
  [/^node dist-hw\/\S+ hci\d/, 'wants an adapter'],
  [/^ssh\b/, 'goes to another machine'],
  [/^npm (?:install|ci|link)\b/, 'installs packages; scripts/pack-smoke does'],
  [/^sudo\b/, 'changes the machine'],
  [/^journalctl\b/, 'needs systemd'],
];

/** What may run. Anything else on a page is a mistake, or wants a line in one of these tables. */
export const RUNS =
  /^(?:\w+=(?:"[^"]*"|'[^']*'|\$\([^)]*\)|\S+)\s+)*(?:npx edge-agent|edge-agent|curl|python3|cat|head|export)\b/;
export const ASSIGNS = /^\w+=\S/;

export const rewrite = (text, table, place) =>
  table.reduce((sum, [pattern, value]) => sum.replaceAll(pattern, () => value(place)), text);

/**
 * What to do with a command.
 * @returns {{kind: 'stays', shows: string} | {kind: 'elsewhere', why: string} | {kind: 'run'} | {kind: 'unknown'}}
 */
export function plan(text) {
  const elsewhere = NOT_HERE.find(([pattern]) => pattern.test(text));
  if (elsewhere) return { kind: 'elsewhere', why: elsewhere[1] };
  const stays = STAYS.find(([pattern]) => pattern.test(text.replaceAll(/\s*\\\n\s*/g, ' ').replace(/\s+#.*$/, '')));
  if (stays) return { kind: 'stays', shows: stays[1] };
  return RUNS.test(text) || ASSIGNS.test(text) ? { kind: 'run' } : { kind: 'unknown' };
}
