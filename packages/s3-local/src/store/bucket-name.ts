const form = /^(?=.{3,63}$)[a-z0-9](?:[a-z0-9-]|\.(?!\.))*[a-z0-9]$/;
const ipAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** The rules for general purpose buckets; what passes is also safe as the name of a folder. */
export function isBucketName(name: unknown): name is string {
  return typeof name === 'string' && form.test(name) && !ipAddress.test(name) && !name.startsWith('xn--');
}
