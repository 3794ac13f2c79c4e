/** One reading. A field is absent when the device has no such sensor, never a made-up value. */
export interface SensorReading {
  /** Share of all cores, 0 to 100. */
  readonly cpu?: number;
  /** Used memory in per cent. */
  readonly memory?: number;
  /** Degrees Celsius of the hottest CPU sensor. */
  readonly temperature?: number;
  /** Battery charge in per cent. */
  readonly battery?: number;
  readonly charging?: boolean;
  /** Used share in per cent of the file system that holds the data directory. */
  readonly disk?: number;
}

export interface Sensors {
  /** Cheap enough to call every few seconds: slow sensors are read rarely and remembered. */
  read(): Promise<SensorReading>;
}
