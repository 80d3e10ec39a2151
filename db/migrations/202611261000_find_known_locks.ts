/** Locks of an account's own browsers and networks are found by its login, which stands between the kind of the counter and the place where it counts. */
export const sql = `
create index rate_limits_known on rate_limits (split_part(split_part(key, ':', 2), '@', 1)) where key ~ '^(device|network):';
`;
