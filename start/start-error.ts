export type Log = (line: string) => void;

/** Something that a person can put right: one sentence with the way out, in both languages of the product. */
export class StartError extends Error {
  readonly zh: string;
  readonly en: string;
  constructor(zh: string, en: string, options?: ErrorOptions) {
    super(`${zh}\n${en}`, options);
    this.name = 'StartError';
    this.zh = zh;
    this.en = en;
  }
}
