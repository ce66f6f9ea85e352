import { parseArgs } from 'node:util';
import { SupervisorError } from '../errors.ts';
import { didYouMean } from '../options/suggestion.ts';
import { packageVersion } from '../version.ts';
import { UsageError, type Command } from './command.ts';
import { commands } from './commands.ts';
import { commandHelp, overview } from './help.ts';

/** Does what the arguments say. Resolves with the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args;
  try {
    if (verb === undefined) throw new UsageError('Expected a command');
    if (verb === '--help' || verb === '-h' || verb === 'help') return await print(overview(commands));
    if (verb === '--version' || verb === '-v') return await print(`${packageVersion}\n`);
    const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined;
    if (!command)
      throw new UsageError(`Unknown command \`${verb}\`${didYouMean(verb, Object.keys(commands))}`);
    return await runCommand(command, verb, rest);
  } catch (error) {
    return report(error, verb);
  }
}

async function runCommand(command: Command, verb: string, args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(command, args);
  if (values['help'] === true) return print(commandHelp(command));
  const [min, max] = command.words;
  if (positionals.length < min || positionals.length > max) {
    throw new UsageError(
      `Expected \`supervisor ${command.synopsis}\`, got ${positionals.length} words after ${verb}`,
    );
  }
  await command.run({ words: positionals, options: values });
  return 0;
}

function parse({ options }: Command, args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...(options as Record<string, { type: 'string' | 'boolean'; short?: string }>),
        help: { type: 'boolean', short: 'h' },
      },
      allowPositionals: true,
    });
  } catch (error) {
    // Those of parseArgs; their hints how to pass such words after `--` are of no use here.
    const [message = ''] = (error as Error).message.split('. To specify', 1);
    throw new UsageError(message);
  }
}

async function print(text: string): Promise<number> {
  process.stdout.write(text);
  return 0;
}

function report(error: unknown, verb: string | undefined): number {
  if (error instanceof UsageError) {
    const help =
      verb !== undefined && Object.hasOwn(commands, verb) ? `supervisor ${verb} --help` : 'supervisor --help';
    process.stderr.write(`supervisor | ${error.message}\nUsage: ${help}\n`);
    return 2;
  }
  if (!(error instanceof SupervisorError)) throw error;
  process.stderr.write(`supervisor | ${error.message}\n`);
  return 1;
}
