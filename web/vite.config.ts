import { defineConfig } from "vite";

export default defineConfig({
  // Relative, so that a proxy can serve the page under a path such as /agent/.
  base: "./",
  // livekit-client alone is larger than Vite's 500 kB.
  build: {
    chunkSizeWarningLimit: 900,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: "index.html", widget: "src/widget.ts" },
      output: {
        // Other sites load the widget under a fixed name, as a script: a function keeps its names out of theirs.
        entryFileNames: ({ name }) => (name === "widget" ? "widget.js" : "assets/[name]-[hash].js"),
        banner: ({ name }) => (name === "widget" ? "(() => {" : ""),
        footer: ({ name }) => (name === "widget" ? "})();" : ""),
      },
    },
  },
  // `npm run dev` together with `python agent.py dev`: Vite reloads the page on change, the worker answers /api.
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
