import { expect, test } from "vitest";
import { Store } from "./storage";

class FakeStorage implements Storage {
  [name: string]: unknown;
  readonly values = new Map<string, string>();

  get length(): number {
    return this.values.size;
  }

  clear(): void {
    this.values.clear();
  }

  key(index: number): string | null {
    return [...this.values.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.values.set(key, value);
  }

  removeItem(key: string): void {
    this.values.delete(key);
  }
}

function blocked(): Storage {
  throw new Error("The browser blocks storage.");
}

test("a value is kept in the browser's storage until it is removed", () => {
  const storage = new FakeStorage();
  new Store(() => storage).set("theme", "dark");
  const reloaded = new Store(() => storage);
  expect(reloaded.get("theme")).toBe("dark");
  reloaded.remove("theme");
  expect(reloaded.get("theme")).toBeUndefined();
});

test("a browser that blocks storage keeps values in memory", () => {
  const store = new Store(blocked);
  store.set("theme", "dark");
  expect(store.get("theme")).toBe("dark");
  store.remove("theme");
  expect(store.get("theme")).toBeUndefined();
});
