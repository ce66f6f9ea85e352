#!/usr/bin/env node
import { runCommandLine } from './command-line.ts';

// Of `start`, the rest goes on in the background: the code counts when everything has ended.
process.exitCode = await runCommandLine(process.argv.slice(2));
