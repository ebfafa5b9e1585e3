import { h, replace, s } from './dom.ts';

/** A part of every bar. */
export interface Series {
  readonly name: string;
  /** One value for each bar. */
  readonly values: readonly number[];
}

/** What is drawn. */
export interface ChartOptions {
  /** What the chart shows, for those who cannot see it. */
  readonly label: string;
  /** One for each bar, in words. */
  readonly bars: readonly string[];
  /** One for each bar, as short as it must be to stand below it. */
  readonly ticks: readonly string[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
}

const height = 220;
const margin = { top: 10, right: 8, bottom: 24, left: 64 };

/**
 * Stacked bars, redrawn at the width there is. The arrow keys and the pointer go through the bars and read them
 * out below; the same figures stand in a table beside it.
 */
export function barChart(options: ChartOptions): HTMLElement {
  const readout = h('p', { class: 'readout', 'aria-live': 'polite' });
  const canvas = h('div', { class: 'chart', tabindex: 0, role: 'group', 'aria-label': `${options.label}. Arrow keys read bar by bar.` });
  const legend = h(
    'ul',
    { class: 'legend' },
    options.series.map(({ name }, index) => h('li', null, h('span', { class: `dot c${index}`, 'aria-hidden': 'true' }), name)),
  );
  let chosen = -1;

  function choose(index: number): void {
    chosen = Math.max(0, Math.min(options.bars.length - 1, index));
    readout.textContent = describe(options, chosen);
    for (const [at, column] of [...canvas.querySelectorAll('.column')].entries()) column.classList.toggle('chosen', at === chosen);
  }

  canvas.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -options.bars.length, End: options.bars.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    choose(chosen === -1 && step === -1 ? options.bars.length - 1 : chosen + step);
  });
  canvas.addEventListener('pointermove', (event) => {
    const column = event.target instanceof Element ? event.target.closest('.column') : null;
    const index = column ? [...canvas.querySelectorAll('.column')].indexOf(column) : -1;
    if (index !== -1 && index !== chosen) choose(index);
  });
  new ResizeObserver(([entry]) => {
    if (entry && entry.contentRect.width > 0) replace(canvas, draw(options, entry.contentRect.width));
  }).observe(canvas);
  replace(readout, 'Point at a bar, or use the arrow keys.');
  return h('figure', { class: 'figure' }, canvas, readout, options.series.length > 1 && legend);
}

function describe({ bars, series, format }: ChartOptions, index: number): string {
  const parts = series.map(({ name, values }) => ({ name, value: values[index] ?? 0 })).filter(({ value }) => value > 0);
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  const named = parts
    .sort((one, other) => other.value - one.value)
    .slice(0, 4)
    .map(({ name, value }) => `${name} ${format(value)}`);
  return `${bars[index]}: ${format(total)}${parts.length > 1 ? ` (${named.join(', ')}${parts.length > 4 ? ', …' : ''})` : ''}`;
}

function draw({ bars, ticks, series, format }: ChartOptions, width: number): SVGElement {
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const totals = bars.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const steps = niceSteps(Math.max(...totals, 0));
  const top = steps.at(-1) ?? 1;
  const y = (value: number): number => margin.top + inner.height * (1 - value / top);
  const slot = inner.width / Math.max(1, bars.length);
  const barWidth = Math.min(48, Math.max(2, slot * 0.72));
  const every = Math.max(1, Math.ceil(bars.length / Math.max(1, Math.floor(inner.width / 64))));

  const grid = steps.map((value) => [
    s('line', { class: 'grid-line', x1: margin.left, x2: width - margin.right, y1: y(value), y2: y(value) }),
    s('text', { class: 'tick', x: margin.left - 8, y: y(value) + 4, 'text-anchor': 'end' }, format(value)),
  ]);
  const columns = bars.map((_, index) => {
    const left = margin.left + slot * index;
    let below = 0;
    const parts = series.map(({ values }, at) => {
      const value = values[index] ?? 0;
      if (value <= 0) return undefined;
      const rect = s('rect', {
        class: `c${at}`,
        x: left + (slot - barWidth) / 2,
        y: y(below + value),
        width: barWidth,
        height: Math.max(0.5, y(below) - y(below + value)),
      });
      below += value;
      return rect;
    });
    return s('g', { class: 'column' }, s('rect', { class: 'hit', x: left, y: margin.top, width: slot, height: inner.height }), parts);
  });
  const labels = ticks.map((tick, index) =>
    index % every === 0
      ? s('text', { class: 'tick', x: margin.left + slot * (index + 0.5), y: height - 6, 'text-anchor': 'middle' }, tick)
      : undefined,
  );
  return s('svg', { width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' }, grid, columns, labels);
}

/** 0 and up to four round steps that reach `most`. */
function niceSteps(most: number): number[] {
  if (most <= 0) return [0, 1];
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const last = Math.ceil(most / step - 1e-9);
  return Array.from({ length: last + 1 }, (_, index) => index * step);
}
