/**
 * SQL of the locks that wrong passwords put on an account `u`. Attempts are counted by the counter of `api/http/limits/limits.ts`, in milliseconds, under
 * `login:` and the login for strangers, under `device:` or `network:`, the login, @ and the place for what is known to be the person's: one too many is a lock.
 */
export const isShut = `k.expire > extract(epoch from now()) * 1000 and k.points > (select attempts from security_settings where status = 'in_force')`;

const isKnown = `k.key ~ '^(device|network):'`;
/** As the index `rate_limits_known` has it; no login holds a colon or an @. */
const loginOfKnown = `split_part(split_part(k.key, ':', 2), '@', 1)`;

/** Counts `k` of one login, of strangers and in browsers and networks that are known to be the person's. */
export const countsOf = (login: string): string =>
  `k.key = 'login:' || lower(${login}) or ${isKnown} and ${loginOfKnown} = lower(${login})`;

const until = (which: string): string => `(select to_timestamp(max(k.expire) / 1000.0) from rate_limits k where ${which} and ${isShut})`;
export const lockedUntil = until(`k.key = 'login:' || lower(u.login)`);
export const knownLockedUntil = until(`${isKnown} and ${loginOfKnown} = lower(u.login)`);

/** Asked once for a whole list rather than at each account. */
export const isLocked = `lower(u.login) in (select substr(k.key, 7) from rate_limits k where starts_with(k.key, 'login:') and ${isShut}
  union all select ${loginOfKnown} from rate_limits k where ${isKnown} and ${isShut})`;
