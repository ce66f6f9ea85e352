interface ParentOptions {
  readonly parentMessages: readonly string[];
  readonly parentDisconnect: boolean;
}

/** The counting part of Node's IPC channel, behind `ref()` and `unref()`; not documented, and left alone where it is missing. */
interface CountedChannel {
  refCounted?(): void;
  unrefCounted?(): void;
}

/**
 * Hears a parent that asks this process to end by a message (the string itself, or an object with that `type`), or by closing
 * the channel. The returned function stops listening.
 */
export function watchParent(
  { parentMessages, parentDisconnect }: ParentOptions,
  onWish: (reason: string) => void,
): () => void {
  const onMessage = (message: unknown): void => {
    const type = typeof message === 'object' && message !== null ? Reflect.get(message, 'type') : message;
    if (typeof type === 'string' && parentMessages.includes(type)) onWish(`parent message "${type}"`);
  };
  const onDisconnect = (): void => onWish('parent disconnected');
  const stop = [
    parentMessages.length > 0 && listenUncounted('message', onMessage),
    parentDisconnect && listenUncounted('disconnect', onDisconnect),
  ];
  return () => {
    for (const each of stop) if (each) each();
  };
}

/**
 * Node keeps a process alive while somebody listens to its parent, and counts the listeners. Ours is not to count: it must not
 * keep alive what would end. `process.channel.unref()` instead would also set aside the listeners of the application.
 */
function listenUncounted(event: 'message' | 'disconnect', listener: (message: unknown) => void): () => void {
  const channel = process.channel as CountedChannel | undefined;
  process.on(event, listener);
  channel?.unrefCounted?.();
  return () => {
    channel?.refCounted?.();
    process.off(event, listener);
  };
}
