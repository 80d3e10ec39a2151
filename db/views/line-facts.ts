/** The decision `f` that a line `a` of the audit log tells of, as a condition of SQL: its words lie with the fact. */
export const factOfLine = `f.procedure_id = a.procedure_id and f.task_id = a.subject and f.kind in ('decided', 'signed')
  and a.act = case f.kind when 'signed' then 'task.sign' else 'task.' || f.outcome end`;
