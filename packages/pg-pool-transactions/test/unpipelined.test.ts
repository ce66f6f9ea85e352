// Whatever holds with pipelining holds without.
process.env['TEST_PIPELINE'] = 'off';
await import('./transaction.test.ts');
await import('./by-hand.test.ts');
