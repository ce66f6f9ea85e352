// The end of a test run: each skipped test by name with its reason, then each failure by name with the beginning of what it said,
// then how many tests passed over all workspaces. Under CI a skip fails. `--forget` clears what an earlier run left.
import { readdirSync, readFileSync, rmSync } from 'node:fs';

const directory = new URL('../.summary/', import.meta.url);
if (process.argv.includes('--forget')) {
  rmSync(directory, { recursive: true, force: true });
} else {
  const summaries = readdirSync(directory).map((file) => ({
    workspace: file.replace('.json', ''),
    ...JSON.parse(readFileSync(new URL(file, directory), 'utf8')),
  }));
  const passed = summaries.reduce((total, summary) => total + summary.passed, 0);
  const all = (key) =>
    summaries.flatMap(({ workspace, [key]: ofIt }) => ofIt.map((one) => ({ workspace, ...one })));
  const [skipped, failed] = [all('skipped'), all('failed')];
  for (const { workspace, test, reason } of skipped) console.log(`skipped: ${workspace}: ${test}: ${reason}`);
  for (const { workspace, file, test, said } of failed) {
    console.log(`failed: ${workspace}: ${[file, test].filter(Boolean).join(': ')}`);
    for (const line of said) console.log(`    ${line}`);
  }
  console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  if (passed === 0 || failed.length > 0 || (process.env.CI && skipped.length > 0)) process.exitCode = 1;
}
