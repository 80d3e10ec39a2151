/** The figures of the office for Prometheus: what waits, what is late, what stands still. Of the whole installation, so every worker tells the same. */
import type { Knex } from 'knex';
import { gauge, gauges, type MetricFamily } from '../db/formats/prometheus.ts';
import { readOfficeFigures } from '../db/views/operations.ts';

export async function officeMetrics(db: Knex): Promise<MetricFamily[]> {
  const figures = await readOfficeFigures(db);
  return [
    gauge('shiming_outbox_waiting', 'Bells that are not delivered to Temporal yet.', figures.outbox.waiting),
    gauge('shiming_outbox_oldest_seconds', 'Age of the oldest bell.', figures.outbox.oldestMs / 1_000),
    gauge('shiming_unapplied_facts', 'Facts that their procedure has not taken account of.', figures.unappliedFacts),
    gauges('shiming_overdue_tasks', 'Open tasks that are past their due date.', 'role', figures.overdueByRole),
    gauges('shiming_open_procedures', 'Procedures that are not closed.', 'type', figures.openByType),
    gauges('shiming_procedures_found', 'Procedures by what the operations page finds wrong with them.', 'check', figures.suspects),
    gauges('shiming_mails', 'Mails that wait or failed.', 'status', figures.mails),
    gauges('shiming_sms', 'Short messages that wait, failed or were refused.', 'status', figures.sms),
    {
      name: 'shiming_reconciler_last_turn_seconds',
      help: 'Seconds since the reconciler looked round; absent if it never did.',
      type: 'gauge',
      samples: figures.reconcilerAge === null ? [] : [{ value: figures.reconcilerAge }],
    },
  ];
}
