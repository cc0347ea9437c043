import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/faults/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 400_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
