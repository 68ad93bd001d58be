// Builds the app into the Python package, which serves it; while developing, calls go to a running system.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const SYSTEM = "http://127.0.0.1:8600";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/behealthy/serve/static",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // a policy that forbids data: addresses must not break the pages
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ }],
        },
      },
    },
  },
  server: {
    port: 8610,
    proxy: Object.fromEntries(["/api", "/healthz", "/readyz", "/info", "/docs", "/openapi.json"].map((path) => [path, SYSTEM])),
  },
  test: { include: ["src/**/*.test.ts"], environment: "node", testTimeout: 120_000, hookTimeout: 120_000 },
});
