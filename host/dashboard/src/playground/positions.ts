/** What is kept by the position of a call, after one call went away. Pure. */
export function without<T>(kept: ReadonlyMap<number, T>, gone: number): ReadonlyMap<number, T> {
  return new Map([...kept].flatMap(([position, value]) => (position === gone ? [] : [[position > gone ? position - 1 : position, value] as const])));
}
