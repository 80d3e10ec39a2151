/** A signature stays that of its person and its step: what four eyes rest on is not rewritten, only its time is that of the latest signing. */
export const sql = `
revoke update on signatures from shiming_app;
grant update (signed_at) on signatures to shiming_app;
`;
