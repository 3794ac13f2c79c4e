// The floors of the house: the one table that the linter's proof (floors.test.mjs) and tidy.mjs share.
// A room is a folder of src/. It may import itself and every room on a lower floor, less what `never` names.

/** @type {ReadonlyArray<{room: string, floor: number, pure?: boolean, never?: readonly string[], only?: readonly string[]}>} */
export const ROOMS = [
  { room: 'core', floor: 1, pure: true },
  { room: 'wire', floor: 2, pure: true },
  { room: 'ports', floor: 2, pure: true },
  { room: 'trust', floor: 3, pure: true },
  { room: 'replication', floor: 3, pure: true },
  { room: 'radios', floor: 3 },
  { room: 'native', floor: 3 },
  { room: 'storage', floor: 3 },
  { room: 'system', floor: 3 },
  { room: 'mesh', floor: 4, pure: true, never: ['radios', 'native', 'storage', 'system'] },
  { room: 'services', floor: 5 },
  { room: 'agent', floor: 6 },
  { room: 'http', floor: 7 },
  { room: 'dashboard', floor: 8, only: ['http'] },
  { room: 'cli', floor: 8 },
  // Beside the floors: they look at floors 1 to 5; nothing shipped looks at testing.
  { room: 'sim', floor: 5.5 },
  { room: 'testing', floor: 5.5 },
];

/** `src/index.ts`, the library's face, stands above src/http, which it starts, and below the command line. */
export const INDEX_FLOOR = 7.5;

const byName = new Map(ROOMS.map((entry) => [entry.room, entry]));
export const roomNames = ROOMS.map((entry) => entry.room);
export const pureRooms = ROOMS.filter((entry) => entry.pure).map((entry) => entry.room);

/** May a shipped file of room `from` import room `to`? (`from` may be 'index', the library's face.) */
export function mayImport(from, to) {
  if (from === to) return true;
  if (from === 'index') return to !== 'testing' && byName.get(to).floor < INDEX_FLOOR;
  const [source, target] = [byName.get(from), byName.get(to)];
  if (to === 'testing') return false;
  if (source.only) return source.only.includes(to);
  if (source.never?.includes(to)) return false;
  if (to === 'sim') return from === 'cli';
  return target.floor < source.floor;
}

/** A test may also look at its neighbours on the same floor, at the simulator and at the contract suites. */
export function testMayImport(from, to) {
  if (to === 'testing' || to === 'sim') return true;
  return from === to || byName.get(to).floor <= byName.get(from).floor;
}
