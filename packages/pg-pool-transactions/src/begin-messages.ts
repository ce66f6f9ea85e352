const cache = new Map<string, Buffer>();

/**
 * Parse, Bind and Execute of a statement without parameters or rows, in the words of Postgres' protocol (3.0, "Message Formats"),
 * without the Sync that would end their answer. There are few ways to begin a transaction, so that each is put together once.
 */
export function beginMessages(text: string): Buffer {
  let messages = cache.get(text);
  if (!messages) {
    const unnamed = '\0';
    const none = '\0\0';
    messages = Buffer.concat([
      message('P', `${unnamed}${text}\0${none}`),
      message('B', `${unnamed}${unnamed}${none}${none}${none}`),
      message('E', `${unnamed}\0\0\0\0`),
    ]);
    cache.set(text, messages);
  }
  return messages;
}

function message(type: string, body: string): Buffer {
  const bytes = Buffer.alloc(5 + Buffer.byteLength(body));
  bytes.write(type);
  bytes.writeInt32BE(bytes.length - 1, 1);
  bytes.write(body, 5);
  return bytes;
}
