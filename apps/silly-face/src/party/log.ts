/** Where the lines of a party process go; pino's shape. */
export interface PartyLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
