/** Values that outlast a reload. If the browser blocks storage, as in some frames, they are kept until a reload. */

export class Store {
  private readonly memory = new Map<string, string>();

  /** `open` returns the browser's storage, and throws if the browser blocks it. */
  constructor(private readonly open: () => Storage) {}

  get(key: string): string | undefined {
    try {
      return this.open().getItem(key) ?? undefined;
    } catch {
      return this.memory.get(key);
    }
  }

  set(key: string, value: string): void {
    try {
      this.open().setItem(key, value);
    } catch {
      this.memory.set(key, value);
    }
  }

  remove(key: string): void {
    this.memory.delete(key);
    try {
      this.open().removeItem(key);
    } catch {
      // Nothing was stored.
    }
  }
}

/** Kept until the tab is closed; a duplicated tab starts with a copy. */
export const tabStore = new Store(() => sessionStorage);

/** Kept for all tabs, until the caller clears the browser's data. */
export const browserStore = new Store(() => localStorage);
