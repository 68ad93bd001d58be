// Offsets: the API counts Unicode code points, JavaScript counts UTF-16 units. This is the only place that converts.

const ASTRAL = /[\u{10000}-\u{10FFFF}]/u;

/** A text that can be cut by code points. */
export class Points {
  readonly length: number;
  /** UTF-16 offset of each code point and of the end; null where the two counts are the same. */
  private readonly units: Uint32Array | null;

  constructor(readonly text: string) {
    if (!ASTRAL.test(text)) {
      this.units = null;
      this.length = text.length;
      return;
    }
    const units: number[] = [];
    let at = 0;
    for (const point of text) {
      units.push(at);
      at += point.length;
    }
    this.length = units.length;
    this.units = Uint32Array.from([...units, at]);
  }

  /** The UTF-16 offset of a code point; offsets outside the text are taken as its ends. */
  unit(point: number): number {
    const inside = Math.min(Math.max(point, 0), this.length);
    return this.units ? this.units[inside]! : inside;
  }

  /** The code point at a UTF-16 offset; one in the middle of a pair belongs to the pair. */
  point(unit: number): number {
    const inside = Math.min(Math.max(unit, 0), this.text.length);
    if (!this.units) return inside;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.units[middle]! <= inside) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  slice(start: number, end: number): string {
    return this.text.slice(this.unit(start), this.unit(end));
  }
}
