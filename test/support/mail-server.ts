/** A real SMTP server that keeps what it is sent. */
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export type MailServer = {
  url: string;
  received: ParsedMail[];
  /** While it is set, every mail is read and then refused. */
  refusing: boolean;
  close(): Promise<void>;
};

/** Listens on a free port of this machine. */
export async function openMailServer(): Promise<MailServer> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      void (async () => {
        const mail = await simpleParser(stream);
        if (opened.refusing) return done(new Error('not now'));
        opened.received.push(mail);
        done();
      })();
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  const opened: MailServer = {
    url: `smtp://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    received: [],
    refusing: false,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return opened;
}
