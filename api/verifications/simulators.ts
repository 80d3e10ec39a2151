/** What the simulated registers answer (模拟): for demonstrations only, and only where this product started them. */
import { z } from 'zod';
import { registers } from '../../db/classes/verifications.ts';
import { findPersonToken, listPersonSeats } from '../../db/views/classes/checks.ts';
import { inputError, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, type RegistersControl, route } from '../http/routing.ts';

const behaviours = ['yes', 'no', 'contradictory', 'late', 'silent'] as const;

const Order = z
  .object({
    register: z.enum(registers),
    /** `normal` takes the own behaviour of one person away. */
    behaviour: z.enum([...behaviours, 'normal']),
    seconds: z.coerce.number().int().min(1, 'simulators.seconds').max(9_999, 'simulators.seconds').optional(),
    /** One trainee only, by class and seat. */
    classNumber: z.string().trim().max(40).optional(),
    seat: z.coerce.number().int().min(1).optional(),
  })
  .meta({ id: 'SimulatorOrder' });

export function simulatorRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/simulators',
    summary: 'What the simulated registers answer (模拟)',
    tags: ['demonstration'],
    access: 'signed-in',
    response: z.object({ notice: z.string(), behaviours: z.record(z.string(), z.string()) }),
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'post',
    path: '/simulators',
    summary: 'Tell a simulated register what to answer: yes, no, contradictory, late or nothing, to everybody or about one trainee',
    tags: ['demonstration'],
    access: 'signed-in',
    body: Order,
    response: z.object({ behaviours: z.record(z.string(), z.string()) }),
    handle: async (context) => {
      const control = controlOf(context);
      const { register, behaviour, seconds, classNumber, seat } = context.body;
      const single = classNumber !== undefined || seat !== undefined;
      const person = single ? await findPersonToken(context.db, classNumber ?? '', seat ?? 0) : undefined;
      if (single && !person) throw inputError('seat', 'simulators.person');
      if (behaviour === 'normal' && !person) throw inputError('behaviour', 'simulators.behaviour');
      if (behaviour === 'late' && !seconds) throw inputError('seconds', 'simulators.seconds');
      control.setBehaviour(register, behaviour === 'late' ? `late:${seconds}` : behaviour === 'normal' ? '' : behaviour, person);
      return redirect('/simulators', { json: { behaviours: control.behaviours() }, flash: 'simulators.changed' });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });
}

type Asking = Pick<Context<unknown, unknown, unknown>, 'deps' | 'config' | 'actor'>;

function controlOf({ deps, config, actor }: Asking): RegistersControl {
  if (!deps.registersControl) throw new NotFoundError('page');
  if (!config.demo && !hasRole(actor, 'system_admin')) throw new NotAllowedError('role');
  return deps.registersControl;
}

async function show(context: Context<unknown, unknown, unknown>, more: Record<string, unknown> = {}): Promise<Reply> {
  const control = controlOf(context);
  const found = Object.entries(control.behaviours());
  const view = (behaviour: string) => ({ key: behaviour.split(':')[0] ?? '', seconds: behaviour.split(':')[1] });
  const people = found.filter(([key]) => key.includes('/'));
  const seats = await listPersonSeats(
    context.db,
    people.map(([key]) => key.split('/')[1] ?? ''),
  );
  return page(
    'simulators/show',
    {
      registers: found.filter(([key]) => !key.includes('/')).map(([register, behaviour]) => ({ register, ...view(behaviour) })),
      people: people.map(([key, behaviour]) => ({
        register: key.split('/')[0],
        where: seats.get(key.split('/')[1] ?? '') ?? '',
        ...view(behaviour),
      })),
      registerOptions: registers.map((register) => ({ value: register, label: context.t(`verifications.registers.${register}`) })),
      behaviourOptions: [...behaviours, 'normal'].map((behaviour) => ({
        value: behaviour,
        label: context.t(`simulators.behaviours.${behaviour}`),
      })),
      ...more,
    },
    { nav: 'admin', json: { notice: '模拟', behaviours: control.behaviours() } },
  );
}
