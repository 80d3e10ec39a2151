/**
 * Simulated registers (模拟) for demonstrations and tests. Each can answer yes, no, contradictory, late or not at all, as a whole or for one
 * person. Every answer says that it is simulated.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mountSmsSimulator, type SmsLog } from './sms-simulator.ts';
import express, { type Express, type Request, type Response } from 'express';

const label = '模拟';

const sources: Readonly<Record<string, string>> = {
  identity: '公安人口信息（模拟）',
  insurance: '社会保险登记（模拟）',
  duplicate: '跨地区补贴查重（模拟）',
  certificate: '技能等级证书联网查询（模拟）',
};

export type Simulators = {
  url: string;
  /** Where short messages are taken; what was. */
  smsUrl: string;
  sms: SmsLog;
  close(): Promise<void>;
  /**
   * What a register answers from now on: `yes`, `no`, `contradictory`, `silent`, or `late:<n>` (yes, n seconds after it was first asked).
   * With `person` (the token that goes over the wire) for that person only; '' takes the person's own behaviour away. Throws RangeError.
   */
  setBehaviour(register: string, behaviour: string, person?: string): void;
  /** By register, and by `register/token` for single persons. */
  behaviours(): Record<string, string>;
};

export async function startSimulators({ port }: { port: number }): Promise<Simulators> {
  const behaviours = new Map(Object.keys(sources).map((register) => [register, 'yes']));
  const { app, sms } = simulatorApp(behaviours, setBehaviour);
  const server = createServer(app);

  function setBehaviour(register: string, behaviour: string, person?: string): void {
    const known =
      register in sources && (/^(yes|no|contradictory|silent|late:\d{1,4})$/.test(behaviour) || (behaviour === '' && person !== undefined));
    if (!known || (person !== undefined && !/^[0-9a-f]{64}$/.test(person))) throw new RangeError('no such register, behaviour or person');
    const key = person === undefined ? register : `${register}/${person}`;
    if (behaviour === '') behaviours.delete(key);
    else behaviours.set(key, behaviour);
  }

  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    smsUrl: `${url}/sms`,
    sms,
    close: () => closeServer(server),
    setBehaviour,
    behaviours: () => Object.fromEntries(behaviours),
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // The silent ones would hold it open for ever.
    server.closeAllConnections();
  });
}

function simulatorApp(behaviours: ReadonlyMap<string, string>, setBehaviour: Simulators['setBehaviour']): { app: Express; sms: SmsLog } {
  const app = express();
  const firstAsked = new Map<string, number>();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '20kb' }));

  app.get('/control', (_req, res) => {
    res.json({ notice: label, behaviours: Object.fromEntries(behaviours) });
  });
  app.put('/control', (req: Request, res: Response) => {
    const { register, behaviour, person } = (req.body ?? {}) as Record<string, string>;
    try {
      setBehaviour(String(register), String(behaviour), person);
      res.json({ notice: label, behaviours: Object.fromEntries(behaviours) });
    } catch {
      res.status(422).json({ notice: label, error: 'no such register, behaviour or person' });
    }
  });

  const sms = mountSmsSimulator(app);

  app.post('/:register/checks', (req, res) => {
    const register = String(req.params['register']);
    const token = String((req.body as { token?: unknown })?.token ?? '');
    if (!(register in sources) || !/^[0-9a-f]{64}$/.test(token)) {
      res.status(422).json({ notice: label, error: 'no such register or person' });
      return;
    }
    const asked = `${register}/${token}`;
    const behaviour = behaviours.get(asked) ?? behaviours.get(register) ?? 'yes';
    if (behaviour === 'silent') return;
    const first = firstAsked.get(asked) ?? Date.now();
    firstAsked.set(asked, first);
    const lateMs = behaviour.startsWith('late:') ? Number(behaviour.slice(5)) * 1_000 : 0;
    const answer = () => {
      if (res.destroyed) return;
      res.json({
        notice: label,
        simulated: true,
        register,
        token,
        result: lateMs > 0 ? 'yes' : behaviour,
        source: sources[register],
        reference: `SIM-${register.toUpperCase()}-${token.slice(0, 8)}-${first.toString(36)}`,
      });
    };
    const waitMs = first + lateMs - Date.now();
    if (waitMs <= 0) answer();
    else setTimeout(answer, waitMs).unref();
  });
  return { app, sms };
}
