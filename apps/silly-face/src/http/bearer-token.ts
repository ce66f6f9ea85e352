export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([\w-]{1,100})$/i.exec(header ?? '')?.[1];
}
