/**
 * A uPlot chart that follows its container's width and the colours of the page. A picture: what it shows is said in
 * words by `label`.
 */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, repaints } from "../lib/theme";

export interface Colours {
  text: string;
  line: string;
  of: (token: string) => string;
}

interface Props {
  label: string;
  height: number;
  data: uPlot.AlignedData;
  /** Everything but the size. Called again when colours change. */
  options: (colours: Colours) => Omit<uPlot.Options, "width" | "height">;
}

export function Chart({ label, height, data, options }: Props): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const newest = useRef(data);
  newest.current = data;
  const painted = repaints.value;

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const colours: Colours = { text: colour("--text-2"), line: colour("--line"), of: colour };
    const made = new uPlot({ ...options(colours), width: element.clientWidth, height }, newest.current, element);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [painted, height]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  return <div class="chart" role="img" aria-label={label} ref={place} style={{ height: `${height}px` }} />;
}

/** Axes as all charts have them: time below, values at the left, thin lines. */
export function axes(colours: Colours, value: (value: number) => string): uPlot.Axis[] {
  const font = "11px system-ui, sans-serif";
  return [
    { stroke: colours.text, font, size: 24, gap: 4, space: 70, grid: { show: false }, ticks: { show: false }, values: (_plot, splits) => splits.map(hourMinute) },
    { stroke: colours.text, font, size: 52, gap: 6, space: 34, grid: { stroke: colours.line, width: 1 }, ticks: { show: false }, values: (_plot, splits) => splits.map(value) },
  ];
}

function hourMinute(seconds: number): string {
  const at = new Date(seconds * 1_000);
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
}
