import { CharacterGrid } from './character-grid.ts';
import { bondOf, ringOrder } from './ring-order.ts';
import type { Bond, Ring, RingMember } from './ring-order.ts';
import type { Colour, Terminal } from '../terminal.ts';

type Canvas = Pick<Terminal, 'columns' | 'unicode' | 'paint'>;

interface Glyphs {
  readonly corners: readonly [string, string, string, string];
  readonly across: string;
  readonly down: string;
  readonly left: string;
  readonly right: string;
  readonly broken: string;
}

const lines: Glyphs = {
  corners: ['╭', '╮', '╰', '╯'],
  across: '─',
  down: '│',
  left: '◀',
  right: '▶',
  broken: '╳',
};
const ascii: Glyphs = {
  corners: ['+', '+', '+', '+'],
  across: '-',
  down: '|',
  left: '<',
  right: '>',
  broken: 'x',
};

/** Blanks in front of everything that is drawn. */
const indent = 2;
/** Columns for the lanes and their arrow heads on each side of the boxes. */
const laneWidth = 4;
/** The shortest arrow between two boxes: `◀──▶`. */
const arrowMin = 4;
const arrowMax = 8;

const isSilent = (member: RingMember): boolean =>
  member.silent === true || member.answered === false || member.state === 'Dead';

function colourOf(member: RingMember): Colour {
  if (isSilent(member)) return 'red';
  if (member.state === 'Ready') return 'green';
  return member.state === 'Failed' ? 'red' : 'yellow';
}

/**
 * Rows for a serpent that ends where it began: an even number of rows, so that the last one runs back to the left,
 * of lengths that differ by one at most, the longer ones first.
 */
function rowsOf(order: readonly RingMember[], perRow: number): readonly (readonly RingMember[])[] {
  const needed = Math.ceil(order.length / perRow);
  const count = Math.max(2, needed + (needed % 2));
  const rows: RingMember[][] = [];
  let at = 0;
  for (let row = 0; row < count; row++) {
    const size = Math.ceil((order.length - at) / (count - row));
    rows.push(order.slice(at, at + size));
    at += size;
  }
  return rows;
}

/** A member's box; `x` and `y` are those of its upper left corner. */
interface Box {
  readonly member: RingMember;
  readonly x: number;
  readonly y: number;
  /** The ring enters the box at its left side. */
  readonly goesRight: boolean;
}

const boxHeight = 4;
/** Lines below a box's top at which arrows meet it: the one with the name. */
const arrowLine = 1;

/** Draws the members as boxes on a loop, with an arrow head wherever one says that the next is its neighbour. */
class RingDrawing {
  readonly #canvas: Canvas;
  readonly #glyphs: Glyphs;
  readonly #grid = new CharacterGrid();
  readonly #boxWidth: number;
  readonly #boxes: readonly Box[];
  /** Columns of the lanes that lead from row to row; the closing one is the outermost. */
  readonly #lanes: { readonly closing: number; readonly left: number; readonly right: number };

  constructor(members: readonly RingMember[], canvas: Canvas) {
    this.#canvas = canvas;
    this.#glyphs = canvas.unicode ? lines : ascii;
    const order = ringOrder(members);
    const widths = order.flatMap((member) => this.#texts(member).map((text) => text.length));
    this.#boxWidth = Math.max(...widths) + 4;
    const room = canvas.columns - indent - 2 * laneWidth;
    const perRow = Math.max(1, Math.floor((room + arrowMin) / (this.#boxWidth + arrowMin)));
    const rows = rowsOf(order, perRow);
    const widest = Math.max(...rows.map((row) => row.length));
    const spare =
      widest < 2 ? arrowMin : Math.floor((room - widest * this.#boxWidth) / (widest - 1));
    const gap = Math.max(arrowMin, Math.min(arrowMax, spare));
    const widthOfRow = (count: number): number => count * this.#boxWidth + (count - 1) * gap;
    const start = rows.length > 2 ? laneWidth + 1 : laneWidth - 1;
    const width = widthOfRow(widest);
    this.#lanes = { closing: 0, left: rows.length > 2 ? 2 : 0, right: start + width + 2 };
    this.#boxes = rows.flatMap((row, index) => {
      const goesRight = index % 2 === 0;
      const first = start + Math.floor((width - widthOfRow(row.length)) / 2);
      return row.map((member, at): Box => {
        const column = goesRight ? at : row.length - 1 - at;
        return {
          member,
          goesRight,
          x: first + column * (this.#boxWidth + gap),
          y: index * boxHeight,
        };
      });
    });
  }

  draw(): readonly string[] {
    for (const [at, box] of this.#boxes.entries()) {
      const isLast = at === this.#boxes.length - 1;
      const next = this.#boxes[isLast ? 0 : at + 1]!;
      if (isLast) this.#drawTurn(box, next, this.#lanes.closing);
      else if (box.y === next.y) this.#drawStraight(box, next);
      else this.#drawTurn(box, next, box.goesRight ? this.#lanes.right : this.#lanes.left);
    }
    for (const box of this.#boxes) this.#drawBox(box);
    return this.#grid.lines((colour, text) => this.#canvas.paint(colour, text));
  }

  #texts(member: RingMember): readonly [string, string] {
    return [member.peer, `${member.index} ${isSilent(member) ? 'silent' : member.state}`];
  }

  #drawBox({ member, x, y }: Box): void {
    const { corners, across, down } = this.#glyphs;
    const [topLeft, topRight, bottomLeft, bottomRight] = corners;
    const colour = colourOf(member);
    const [name, state] = this.#texts(member);
    const edge = across.repeat(this.#boxWidth - 2);
    this.#grid.write(x, y, topLeft + edge + topRight, colour);
    for (const line of [1, 2]) {
      this.#grid.write(x, y + line, down, colour);
      this.#grid.write(x + this.#boxWidth - 1, y + line, down, colour);
    }
    this.#grid.write(x + 2, y + 1, name, 'bold');
    this.#grid.write(x + 2, y + 2, state, colour);
    this.#grid.write(x, y + 3, bottomLeft + edge + bottomRight, colour);
  }

  /** The column just outside a box where the ring leaves it. */
  #exit = (box: Box): number => (box.goesRight ? box.x + this.#boxWidth : box.x - 1);
  /** The column just outside a box where the ring enters it. */
  #entry = (box: Box): number => (box.goesRight ? box.x - 1 : box.x + this.#boxWidth);

  #heads(from: Box, to: Box): Bond {
    const { left, right } = this.#glyphs;
    const bond = bondOf(from.member, to.member);
    if (bond.forward)
      this.#grid.write(this.#entry(to), to.y + arrowLine, to.goesRight ? right : left);
    if (bond.backward)
      this.#grid.write(this.#exit(from), from.y + arrowLine, from.goesRight ? left : right);
    return bond;
  }

  #drawAcross(y: number, from: number, to: number): void {
    const [first, last] = from < to ? [from, to] : [to, from];
    this.#grid.write(first, y, this.#glyphs.across.repeat(last - first + 1));
  }

  #drawStraight(from: Box, to: Box): void {
    const y = from.y + arrowLine;
    const [start, end] = [this.#exit(from), this.#entry(to)];
    this.#drawAcross(y, start, end);
    const { forward, backward } = this.#heads(from, to);
    if (!forward && !backward)
      this.#grid.write(Math.floor((start + end) / 2), y, this.#glyphs.broken);
  }

  /** From a box out to a lane, along it, and back in to a box of another row. */
  #drawTurn(from: Box, to: Box, lane: number): void {
    const { corners, down, broken } = this.#glyphs;
    const [start, end] = [from.y + arrowLine, to.y + arrowLine];
    this.#drawAcross(start, this.#exit(from), lane);
    this.#drawAcross(end, this.#entry(to), lane);
    const [top, bottom] = start < end ? [start, end] : [end, start];
    for (let y = top + 1; y < bottom; y++) this.#grid.write(lane, y, down);
    const isLeft = lane < from.x;
    this.#grid.write(lane, top, corners[isLeft ? 0 : 1]);
    this.#grid.write(lane, bottom, corners[isLeft ? 2 : 3]);
    const { forward, backward } = this.#heads(from, to);
    if (!forward && !backward) this.#grid.write(lane, Math.floor((top + bottom) / 2), broken);
  }
}

/** Beyond this many members a list reads better than a drawing. */
const drawnMax = 60;

function asList(members: readonly RingMember[], canvas: Canvas): readonly string[] {
  const order = ringOrder(members);
  return order.map((member, at) => {
    const next = order[(at + 1) % order.length]!;
    const { forward, backward } = bondOf(member, next);
    const sign = forward && backward ? '<->' : forward ? '-->' : backward ? '<--' : '-x-';
    const state = isSilent(member) ? 'silent' : member.state;
    return `${String(member.index).padStart(3)}  ${canvas.paint(colourOf(member), member.peer)} ${sign} ${next.peer}  ${state}`;
  });
}

/** The whole picture: a headline, the ring, and what is wrong with it. */
export function drawRing(ring: Ring, canvas: Canvas): string {
  const { members, closed, problems, away = [] } = ring;
  const count = members.length;
  const what = count === 1 ? '1 member' : `${count} members`;
  const verdict = closed
    ? canvas.paint('green', 'the ring is closed')
    : canvas.paint('yellow', 'the ring is not closed');
  const head = `${canvas.paint('bold', ring.slice)}: ${what}${count === 0 ? '' : `, ${verdict}`}`;
  const body =
    count === 0
      ? ['nobody is in it']
      : count === 1 || count > drawnMax
        ? asList(members, canvas)
        : new RingDrawing(members, canvas).draw();
  const notes = [
    ...away.map(({ peer, index }) => `${peer} is away, its place ${index} is kept`),
    ...problems,
  ].map((note) => `  ${canvas.paint('yellow', '!')} ${note}`);
  return `${[head, '', ...body.map((line) => ' '.repeat(indent) + line), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n')}\n`;
}
