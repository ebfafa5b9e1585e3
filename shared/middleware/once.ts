/** Does something when it is first asked for, and never again: what is loaded so is a chunk of its own. A failure stays, too. */
export function once<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loaded: Promise<Value> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}
