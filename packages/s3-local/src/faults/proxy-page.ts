import { STATUS_CODES } from 'node:http';
import type { Answer } from '../answer.ts';

/** nginx's own words for some statuses. */
const reasons: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Large',
  416: 'Requested Range Not Satisfiable',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

/** The page that nginx answers with when it stands in front and has something to say itself. */
export function proxyPage(status: number): Answer {
  const title = `${status} ${reasons[status] ?? STATUS_CODES[status] ?? ''}`.trim();
  return {
    status,
    withoutRequestId: true,
    headers: { server: 'nginx', 'content-type': 'text/html' },
    body: [
      '<html>',
      `<head><title>${title}</title></head>`,
      '<body>',
      `<center><h1>${title}</h1></center>`,
      '<hr><center>nginx</center>',
      '</body>',
      '</html>',
      '',
    ].join('\r\n'),
  };
}
