import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { EdgeError, messageOf } from '../dist/core/errors.js';
import { parseAdapters } from '../dist/radios/ble/controller-port.js';
import { parseRadioSpec } from '../dist/radios/radio-spec.js';

/** What stands in for hardware: see `rigs.toml`. */
export const Emulation = { Controllers: 'controllers', Uart: 'uart', Btvirt: 'btvirt', Cable: 'cable' } as const;
export type Emulation = (typeof Emulation)[keyof typeof Emulation];

export type RigRadioKind = 'ble' | 'serial';

export interface Rig {
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  readonly kind: RigRadioKind;
  /** Absent on a rig of real radios. */
  readonly emulate?: Emulation;
  /** Two, as they stand after `--radio`; none where they are emulated. */
  readonly radios: readonly string[];
  /** Waited between two frames, for what loses frames that come too fast. */
  readonly pauseMs: number;
  /** Only these suites make sense on it. */
  readonly suites?: readonly string[];
}

const MAX_PAUSE_MS = 10_000;
const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

const rigSchema = z
  .strictObject({
    about: z.string().min(1),
    emulate: z.enum(Object.values(Emulation)).optional(),
    radios: z.array(z.string()).length(2, 'a rig has two radios, in reach of each other').optional(),
    pause_ms: z.number().int().min(0).max(MAX_PAUSE_MS).optional(),
    suites: z.array(z.string()).min(1).optional(),
  })
  .refine(({ emulate, radios }) => (emulate === undefined) !== (radios === undefined), {
    error: 'a rig has either `radios`, which are real, or `emulate`',
  });

type RigTable = z.infer<typeof rigSchema>;

function refuse(file: string, what: string, fix: string): never {
  throw new EdgeError('rig.file', `${file}: ${what}`, { fix });
}

/** The rigs of a TOML file, by name. Throws EdgeError `rig.file` with the place and what to write instead. */
export function readRigs(file: string): ReadonlyMap<string, Rig> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    refuse(file, messageOf(error), 'name a file that can be read');
  }
  return parseRigs(text, file);
}

export function parseRigs(text: string, file: string): ReadonlyMap<string, Rig> {
  const tables = tablesOf(text, file);
  const rigs = new Map<string, Rig>();
  for (const [name, table] of Object.entries(tables)) {
    if (!NAME.test(name))
      refuse(file, `${JSON.stringify(name)} is no name of a rig`, 'use small letters, digits and -');
    const { data, error } = rigSchema.safeParse(table);
    if (data === undefined) {
      const issue = error.issues[0];
      const place = ['rigs', name, ...(issue?.path ?? [])].join('.');
      refuse(file, `${place}: ${issue?.message}`, 'see the rigs that are there for an example');
    }
    rigs.set(name, rigOf(name, data, file));
  }
  if (rigs.size === 0) refuse(file, 'it describes no rig', 'begin with [rigs.NAME]');
  return rigs;
}

function tablesOf(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const { rigs, ...others } = parse(text, { unsafeKeyBehaviour: 'throw' });
    const other = Object.keys(others)[0];
    if (other !== undefined) refuse(file, `there is nothing called ${JSON.stringify(other)}`, 'write [rigs.NAME]');
    return z.record(z.string(), z.unknown()).parse(rigs ?? {});
  } catch (error) {
    if (error instanceof EdgeError) throw error;
    const where = error instanceof TomlError ? `line ${error.line} column ${error.column}: ` : '';
    const why = error instanceof z.ZodError ? '`rigs` is no table' : messageOf(error).split('\n')[0];
    refuse(file, `${where}${why}`, 'the file is TOML: [rigs.NAME], then key = "text"');
  }
}

function rigOf(name: string, table: RigTable, file: string): Rig {
  const radios = table.radios ?? [];
  const kinds = new Set(radios.map((radio) => kindOf(radio, `rigs.${name}.radios`, file)));
  if (kinds.size > 1) refuse(file, `rigs.${name}.radios: they are of different kinds`, 'name two that hear each other');
  if (radios.length > 0 && radios[0] === radios[1])
    refuse(file, `rigs.${name}.radios: it is the same one twice`, 'name two: a radio does not hear itself');
  const [kind = table.emulate === Emulation.Cable ? 'serial' : 'ble'] = kinds;
  return {
    ...{ name, about: table.about, kind, radios, pauseMs: table.pause_ms ?? 0 },
    ...(table.emulate !== undefined && { emulate: table.emulate }),
    ...(table.suites !== undefined && { suites: table.suites }),
  };
}

function kindOf(radio: string, place: string, file: string): RigRadioKind {
  try {
    const spec = parseRadioSpec(radio);
    if (spec.kind === 'udp') refuse(file, `${place}: UDP needs no rig`, 'name ble or serial radios');
    if (spec.kind === 'ble') parseAdapters(spec.adapter);
    return spec.kind;
  } catch (error) {
    if (!(error instanceof EdgeError) || error.code === 'rig.file') throw error;
    refuse(file, `${place}: ${error.message}`, error.fix ?? 'see docs/hardware.md');
  }
}
