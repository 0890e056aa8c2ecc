import { defineConfig } from "vite";

export default defineConfig({
  // livekit-client alone is over Vite's 500 kB.
  build: { chunkSizeWarningLimit: 900, assetsInlineLimit: 0 },
  // `npm run dev` beside `python agent.py dev`: the page is reloaded as it is written, the worker gives the tokens.
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
