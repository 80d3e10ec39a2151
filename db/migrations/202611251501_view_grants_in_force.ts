/** Who holds which role where today: asked in one way by sessions, tasks, mails and boards. */
export const sql = `
create view grants_in_force as
  select g.user_id, g.role, g.region, r.path from grants g join regions r on r.code = g.region
   where g.valid_from <= business_today() and (g.valid_to is null or g.valid_to > business_today());
comment on view grants_in_force is 'Grants of today by the business clock, with the path of their region; the holder may be inactive';
revoke insert, update, delete on grants_in_force from shiming_app;
`;
