import { mix32 } from './mix.ts';
import type { Random } from './random.ts';

/**
 * The generator sfc32 (C. Doty-Humphrey, PractRand): 128 bits of state, period at least 2^32. The same seed gives the
 * same draws on every machine. Not for secrets.
 */
export class SeededRandom implements Random {
  /** What forks derive from; draws do not move it. */
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string | number) {
    this.#seed = String(seed);
    this.#a = mix32(this.#seed, 1) | 0;
    this.#b = mix32(this.#seed, 2) | 0;
    this.#c = mix32(this.#seed, 3) | 0;
    for (let i = 0; i < 12; i++) this.#draw();
  }

  next(): number {
    return (this.#draw() >>> 0) / 0x1_0000_0000;
  }

  int(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  fork(label: string): Random {
    return new SeededRandom(`${this.#seed}/${label}`);
  }

  #draw(): number {
    const drawn = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + drawn) | 0;
    return drawn;
  }
}
