// simsimd: one product at a time; whoever wants neighbours writes the loop.
import { dot } from 'simsimd';

export { dot };
