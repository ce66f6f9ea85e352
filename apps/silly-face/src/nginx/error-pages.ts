/**
 * What nginx answers itself is as the API would answer: problem+json with a stable code, and for a person at a browser a page
 * when the API is away. Answers of the API pass as they are, whatever their status.
 */
export function errorPages(): string {
  return `error_page 400 404 405 408 413 414 416 429 500 ${ERROR};
    # A folder of static files, which is not listed.
    error_page 403 =404 ${ERROR};
    error_page 494 =431 ${ERROR};
    error_page 502 503 504 ${ERROR}$unavailable_suffix;`;
}

export function errorMaps(): string {
  return `map $status $problem_code {
    default bad-request;
    ${eachProblem(([status, { code }]) => `${status} ${code};`)}
  }
  map $status $problem_title {
    default "Bad Request";
    ${eachProblem(([status, { title }]) => `${status} "${title}";`)}
  }
  map $status $problem_retry_after {
    default "";
    429 1;
    ~^50[234] 2;
  }
  map $http_accept $unavailable_suffix {
    default "";
    ~text/html .html;
  }`;
}

export function errorLocations(): string {
  return `location = ${ERROR} {
      ${answer('application/problem+json', PROBLEM)}
    }
    location = ${ERROR}.html {
      ${answer('text/html', PAGE)}
    }`;
}

const ERROR = '/_error';

/** The status that it is sent with is that of the error, not the one here. */
function answer(type: string, body: string): string {
  return `internal;
      types { }
      default_type "${type}; charset=utf-8";
      add_header X-Request-Id $request_id always;
      add_header X-Content-Type-Options nosniff always;
      add_header Cache-Control no-store always;
      add_header Retry-After $problem_retry_after always;
      return 200 '${body}';`;
}

const PROBLEM =
  '{"type":"about:blank","title":"$problem_title","status":$status,"code":"$problem_code","instance":"$request_id"}';

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>$problem_title</title>
<h1>We are making faces</h1><p>The Silly Face Society is away for a moment. Try again soon.</p><p><small>$request_id</small></p></html>`;

function eachProblem(line: (entry: [string, Problem]) => string): string {
  return Object.entries(PROBLEMS).map(line).join('\n    ');
}

interface Problem {
  readonly code: string;
  readonly title: string;
}

const PROBLEMS: Record<number, Problem> = {
  400: { code: 'malformed-http', title: 'Bad Request' },
  404: { code: 'route-not-found', title: 'Not Found' },
  405: { code: 'method-not-allowed', title: 'Method Not Allowed' },
  408: { code: 'request-timeout', title: 'Request Timeout' },
  413: { code: 'body-too-large', title: 'Payload Too Large' },
  414: { code: 'url-too-long', title: 'URI Too Long' },
  416: { code: 'range-not-satisfiable', title: 'Range Not Satisfiable' },
  429: { code: 'rate-limited', title: 'Too Many Requests' },
  431: { code: 'headers-too-large', title: 'Request Header Fields Too Large' },
  500: { code: 'internal-error', title: 'Internal Server Error' },
  502: { code: 'api-unavailable', title: 'Bad Gateway' },
  503: { code: 'api-unavailable', title: 'Service Unavailable' },
  504: { code: 'api-unavailable', title: 'Gateway Timeout' },
};
