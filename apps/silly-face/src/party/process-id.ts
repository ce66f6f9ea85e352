/** As the directory knows this run of a process. */
export function partyProcessId(hostId: string, name: string, pid: number): string {
  return `${hostId}/${name}/${pid}`;
}
