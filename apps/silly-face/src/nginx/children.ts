import { join } from 'node:path';
import { type ChildOptions, httpCheck } from '@silly-face/supervisor';
import { HEALTH_PATH } from './locations.ts';
import { NGINX_FILES, type NginxPlan } from './plan.ts';

/** The held socket that the world comes to. */
export const WEB_SOCKET = 'web';

/** Checks the next configuration and puts it in the place of the last one. */
export const CONFIGURATION_TASK = 'nginx-configuration';
export const NGINX_CHILD = 'nginx';
export const NGINX_CHILDREN = [CONFIGURATION_TASK, NGINX_CHILD];

export interface NginxSurroundings {
  /** Whom its requests go to. It stops before them. */
  readonly after: string[];
  /** The entry script of the task. */
  readonly configurationScript: string;
}

export function nginxChildren(
  plan: NginxPlan,
  { after, configurationScript }: NginxSurroundings,
): ChildOptions[] {
  const { program, folder, account } = plan;
  const shared = {
    sockets: [WEB_SOCKET],
    // The descriptors of sockets that nginx is to find open, as one nginx says to the next.
    env: { NGINX: '3;' },
    cwd: folder,
  };
  return [
    {
      ...shared,
      name: CONFIGURATION_TASK,
      script: configurationScript,
      args: [program.path, folder, ...(account ? [String(account.uid), String(account.gid)] : [])],
      task: true,
    },
    {
      ...shared,
      name: NGINX_CHILD,
      command: program.path,
      args: ['-e', 'stderr', '-c', join(folder, NGINX_FILES.configuration)],
      ...(account && { user: account.name }),
      after: [CONFIGURATION_TASK, ...after],
      healthCheck: httpCheck({ path: HEALTH_PATH }),
      healthCheckIntervalMs: 5_000,
      // It has no release of ours in it, and goes on through every deploy.
      reload: 'none',
      // To all of its processes: what has begun is answered.
      stopSignal: 'SIGQUIT',
      stopTimeoutMs: 12_000,
    },
  ];
}
