import type { ChildOptions } from '@silly-face/supervisor';

const DATABASE = ['DATABASE_URL', 'PGPASSWORD'] as const;
const S3 = ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;
const OTHERS = ['REDIS_URL', 'METRICS_TOKEN'] as const;
/** But for SMTP_URL, which the supervisor takes out of its own environment. */
const SECRETS = [...DATABASE, ...S3, ...OTHERS];

type Secret = (typeof SECRETS)[number];

/** The secrets of the environment that each kind of child needs. */
export const NEEDED = {
  migrate: DATABASE,
  party: [...DATABASE, 'REDIS_URL', 'METRICS_TOKEN'],
  api: [...DATABASE, ...S3, 'REDIS_URL', 'METRICS_TOKEN'],
} as const satisfies Record<string, readonly Secret[]>;

/** A child that gets these secrets and no other: it would inherit all of the supervisor's, also where it runs as another user. */
export function knowingOnly(needed: readonly Secret[], child: ChildOptions): ChildOptions {
  const withheld = SECRETS.filter((name) => !needed.includes(name));
  return {
    ...child,
    env: { ...child.env, ...Object.fromEntries(withheld.map((name) => [name, undefined])) },
  };
}
