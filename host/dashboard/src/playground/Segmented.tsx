/** One of a few, as buttons side by side. Radio buttons to assistive technology, with their keys. */
interface Props<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly onChange: (value: T) => void;
}

export function Segmented<T extends string>({ label, value, options, onChange }: Props<T>) {
  return (
    <fieldset class="p-segmented">
      <legend class="visually-hidden">{label}</legend>
      {options.map(([own, text]) => (
        <label key={own} class={own === value ? "p-on" : ""}>
          <input type="radio" class="visually-hidden" name={label} value={own} checked={own === value} onChange={() => onChange(own)} />
          {text}
        </label>
      ))}
    </fieldset>
  );
}
