/** How often mails and short messages are tried, and when again: after 5, 10, 20 seconds …, at most an hour. */
export const mostAttempts = 8;
/** SQL, for a row with its `attempts` so far. */
export const nextAttempt = `now() + least(3600, 5 * power(2, attempts)) * interval '1 second'`;
