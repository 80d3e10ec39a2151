/** What the worker reads from its surroundings. */
export type WorkerConfig = {
  /** smtp://user:password@host:port; absent: mails are kept and shown to the administrator. */
  smtpUrl: string | undefined;
  /** Where the registers answer (联网核查). */
  registersUrl: string | undefined;
  /** Address of the product in mails. */
  baseUrl: string;
};

export function readWorkerConfig(given: Partial<WorkerConfig> = {}): WorkerConfig {
  return {
    smtpUrl: process.env.SMTP_URL || undefined,
    registersUrl: process.env.REGISTERS_URL || undefined,
    baseUrl: process.env.PUBLIC_URL || 'http://localhost:3000',
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}
