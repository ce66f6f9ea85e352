const program = `
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
const { setFlagsFromString } = v8;
v8.setFlagsFromString = (flags) => {
  console.error('V8 flags: ' + flags);
  setFlagsFromString(flags);
};
syncBuiltinESMExports();
`;

/** For NODE_OPTIONS: the process tells on stderr which flags it sets, as `V8 flags: --flag`. */
export const tellV8Flags = `--import=data:text/javascript,${encodeURIComponent(program)}`;
