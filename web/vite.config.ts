import { defineConfig } from "vite";

export default defineConfig({
  // Relative, so that a proxy can serve the page under a path such as /agent/.
  base: "./",
  // livekit-client alone is larger than Vite's 500 kB.
  build: { chunkSizeWarningLimit: 900, assetsInlineLimit: 0 },
  // `npm run dev` beside `python agent.py dev`: Vite reloads the page on change, the worker answers /api.
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
