/** The fields of a form. Their names are compared without case, and remembered as they came. */
export class FormFields {
  readonly #fields = new Map<string, { readonly name: string; readonly value: string }>();

  /** A field that comes twice has both values, as a header would: no policy takes it for one of them. */
  add(name: string, value: string): void {
    const before = this.#fields.get(name.toLowerCase());
    this.#fields.set(name.toLowerCase(), { name, value: before ? `${before.value},${value}` : value });
  }

  get(name: string): string | undefined {
    return this.#fields.get(name.toLowerCase())?.value;
  }

  set(name: string, value: string): void {
    this.#fields.set(name.toLowerCase(), { name, value });
  }

  /** In lower case, with the name as it came. */
  names(): [lowerCase: string, name: string][] {
    return [...this.#fields].map(([lowerCase, { name }]) => [lowerCase, name]);
  }

  /** One character a byte, as headers hold their values. */
  asHeaders(): Map<string, string> {
    return new Map(
      [...this.#fields].map(([name, { value }]) => [name, Buffer.from(value).toString('latin1')] as const),
    );
  }
}
