/**
 * The environment of this process without anything that a backend is configured with: a shell that knows services of somebody,
 * perhaps live ones, does not hand them to what a test or a measurement starts.
 */
export function bareEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !CONFIGURATION.test(name)));
}

const CONFIGURATION = new RegExp(
  `^(${[
    'HOST|HOST_ID|PORT|LISTEN_FDS|LISTEN_PID|LOG_LEVEL|TRUST_PROXY|STATIC_FILES|UPLOAD_DIRECTORY',
    String.raw`(DATABASE|REDIS|SMTP)_URL|(S3|MAIL|MIGRATE|PARTY|METRICS|RATE_LIMIT|SILLY_FACE)_\w+|NGINX(_\w+)?`,
  ].join('|')})$`,
);
