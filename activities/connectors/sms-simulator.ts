/**
 * Simulated gateway for short messages (模拟), beside the simulated registers. It sends nothing and says so. Planted by the end of the number: 0000
 * never answers, 0001 answers late the first time, 0002 is refused as a number that does not exist.
 */
import type { Express } from 'express';

export type SimulatedSms = { id: string; end: string; text: string };
/** What it took, newest last. */
export type SmsLog = readonly SimulatedSms[];

const label = '模拟';
const LATE_MS = 4_000;
const KEPT = 500;

/** Adds `POST /sms/messages` to the simulators. Returns what was accepted. */
export function mountSmsSimulator(app: Express): SmsLog {
  const accepted: SimulatedSms[] = [];
  const seen = new Set<string>();
  app.post('/sms/messages', (req, res) => {
    const { id, phone, text } = (req.body ?? {}) as Record<string, unknown>;
    if (typeof id !== 'string' || typeof phone !== 'string' || typeof text !== 'string' || !/^1[3-9]\d{9}$/.test(phone)) {
      res.status(422).json({ notice: label, simulated: true, cause: 'malformed' });
      return;
    }
    const end = phone.slice(-4);
    if (end === '0000') return;
    if (end === '0002') {
      res.status(422).json({ notice: label, simulated: true, cause: 'no such number' });
      return;
    }
    const first = !seen.has(id);
    seen.add(id);
    // Taken the first time it is heard, whether the answer arrives or not.
    if (first) accepted.push({ id, end, text });
    if (accepted.length > KEPT) seen.delete(accepted.shift()?.id ?? '');
    const answer = (): void => {
      if (!res.destroyed) res.json({ notice: label, simulated: true, id, reference: `SIM-SMS-${id.slice(0, 8)}` });
    };
    if (first && end === '0001') setTimeout(answer, LATE_MS).unref();
    else answer();
  });
  return accepted;
}
