/** What the offices owe a new year before anything can be approved in it: its budgets, and the administrator the notice of its holidays. */
import type { Robot } from './robot.ts';

const FUND = 'employment_subsidy';
const regionOf: Readonly<Record<string, string>> = { cs: '350104', gl: '350102', tj: '350103', ja: '350111' };

/** Made up: the State Council's notice of 2027 is not known to the demonstration. */
const notice2027 = {
  year: 2027,
  source: '演示用假设安排，非国务院办公厅通知',
  days: [
    ...['01-01', '02-05', '02-08', '02-09', '02-10', '02-11', '02-12', '04-05', '05-03', '05-04', '05-05', '06-09', '09-15'].map(off),
    ...['10-01', '10-04', '10-05', '10-06', '10-07'].map(off),
    ...['01-30', '02-20', '09-26', '10-10'].map((day) => ({ date: `2027-${day}`, kind: 'work' })),
  ],
};

function off(day: string): { date: string; kind: string } {
  return { date: `2027-${day}`, kind: 'off' };
}

/** In December the notice of the coming year, in the first days of a year its budgets. Done again it changes nothing. */
export async function openYear(robotOf: (office: string) => Robot, offices: readonly string[], today: string): Promise<void> {
  const year = Number(today.slice(0, 4));
  if (year === 2026 && today >= '2026-12-01') await loadNotice(robotOf('fz'));
  for (const office of offices) await openBudget(robotOf(office), office, year);
}

async function loadNotice(robot: Robot): Promise<void> {
  const administrator = await robot.as('system-1');
  const { years } = await robot.get<{ years: { year: number }[] }>(administrator, '/admin/calendar');
  if (years.some(({ year }) => year === notice2027.year)) return;
  await robot.post(administrator, '/admin/calendar/years', notice2027, [200, 201, 202, 409]);
}

async function openBudget(robot: Robot, office: string, year: number): Promise<void> {
  const region = regionOf[office];
  if (!region) return;
  const [maker, checker] = [await robot.as(`${office}-finance-1`), await robot.as(`${office}-finance-2`)];
  const { balances } = await robot.get<{ balances: { year: number; region: string; fund: string }[] }>(maker, '/funds');
  if (balances.some((one) => one.year === year && one.region === region && one.fund === FUND)) return;
  const budget = { fund: FUND, year, region, amount: '2000000', document: `榕财社〔${year}〕3 号`, reason: `${year} 年度预算下达` };
  const { body } = await robot.post<{ id: string }>(maker, '/budgets', budget);
  await robot.post(checker, `/budgets/${body.id}/confirm`, {});
}
