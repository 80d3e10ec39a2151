/** The limit for decisions: a bare Express route that does the bare transaction (guarded update, audit insert, outbox insert) with pg. */
import express from 'express';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const app = express();
app.use(express.json());
app.post('/decide/:id', async (req, res) => {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const updated = await client.query(`update bare_tasks set status = 'decided', decided_at = now() where id = $1 and status = 'open'`, [
      req.params.id,
    ]);
    if (updated.rowCount !== 1) {
      await client.query('rollback');
      res.status(409).json({ code: 'decided' });
      return;
    }
    await client.query('insert into bare_audit (task, act, detail) values ($1, $2, $3)', [req.params.id, 'approve', '{}']);
    await client.query('insert into bare_outbox (task) values ($1)', [req.params.id]);
    await client.query('commit');
    res.json({ ok: true });
  } finally {
    client.release();
  }
});
const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`listening ${typeof address === 'object' && address ? address.port : 0}\n`);
});
