/** What the security administrators set for everybody who signs in, each within limits that no two of them can pass. */
export const securityLimits = {
  /** Minutes without a request after which a session ends. */
  idleMinutes: { least: 5, most: 120 },
  /** Hours after which it ends in any case. */
  longestHours: { least: 1, most: 24 },
  /** Wrong passwords before an account is locked, and for how long. */
  attempts: { least: 3, most: 20 },
  lockMinutes: { least: 5, most: 1_440 },
  /** Days after which a password has to be changed; 0: never. */
  passwordDays: { least: 0, most: 365 },
  /** Days without signing in after which an account is listed as one to be closed. */
  staleDays: { least: 30, most: 730 },
} as const;

export const securityFields = Object.keys(securityLimits) as (keyof typeof securityLimits)[];
export type SecuritySettings = Record<keyof typeof securityLimits, number>;
