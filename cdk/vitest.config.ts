import { defineConfig } from "vitest/config";

// One worker without isolation: the app is synthesised once, and every test file looks at the same templates.
export default defineConfig({
  test: { include: ["test/**/*.test.ts"], isolate: false, maxWorkers: 1, testTimeout: 120_000, hookTimeout: 120_000 },
});
