/** What the worker reads from its surroundings. */
export type WorkerConfig = {
  /** smtp://user:password@host:port; absent: mails are kept and shown to the administrator. */
  smtpUrl: string | undefined;
  /** Where the registers answer (联网核查). */
  registersUrl: string | undefined;
  /** Gateway for short messages; absent: they are kept and shown to the administrator. */
  smsUrl: string | undefined;
  /** What the gateway asks for as bearer token. */
  smsToken: string | undefined;
  /** Address of the product in mails. */
  baseUrl: string;
};

export function readWorkerConfig(given: Partial<WorkerConfig> = {}): WorkerConfig {
  return {
    smtpUrl: process.env.SMTP_URL || undefined,
    registersUrl: process.env.REGISTERS_URL || undefined,
    smsToken: process.env.SMS_TOKEN || undefined,
    baseUrl: process.env.PUBLIC_URL || 'http://localhost:3000',
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    // A gateway that was named goes before the simulated one.
    smsUrl: process.env.SMS_URL || given.smsUrl,
  };
}
