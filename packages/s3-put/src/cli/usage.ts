export const USAGE = `Usage: s3-put <file>... s3://<bucket>/<key> [options]

A key that is empty or ends in a slash is a folder: each file keeps its name in it. Several files need such a key.
A single - as file is what comes from stdin.

  -H, --header <'name: value'>  a header for S3, such as 'x-amz-acl: public-read'; may be repeated
  -r, --recursive               all files of a directory as well. It keeps its name in a folder, like with cp;
                                'photos/.' stands for what is in it
      --parallel <number>       files at a time (default: 8)
      --checksum <algorithm>    crc32, crc32c or sha256 (default: crc32)
      --content-md5             send a Content-MD5 as well
      --bandwidth <bytes>       at most so many in a second, such as 10M, of all files together
      --resume <directory>      for journals of large files: the same command goes on where an earlier one was cut off
      --region <name>           (default: AWS_REGION, or the profile)
      --endpoint <url>          (default: AWS_ENDPOINT_URL_S3, or AWS)
      --path-style              https://host/bucket/key instead of https://bucket.host/key
      --progress                how far it is, on stderr (default: in a terminal, without --json and --quiet)
      --no-progress
  -q, --quiet                   only tell what failed
      --json                    one line of JSON a file
  -h, --help

Credentials come from where all AWS tools find them: environment, profile, container, instance.
Exit status: 0 everything is stored; 1 something is not; 2 wrong usage; 130 or 143 after SIGINT or SIGTERM.
`;

/** What was typed is wrong. */
export class UsageError extends Error {
  static {
    this.prototype.name = 'UsageError';
  }
}
