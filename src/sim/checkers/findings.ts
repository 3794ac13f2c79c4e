const FINDINGS_MAX = 30;

/** What a run has shown to be wrong, in the order it was noticed. Beyond the limit they are only counted. */
export class Findings {
  readonly list: string[] = [];
  total = 0;

  add(check: string, now: number, what: string): void {
    this.total++;
    if (this.list.length < FINDINGS_MAX) this.list.push(`[${check}] at ${(now / 1_000).toFixed(3)} s: ${what}`);
  }
}
