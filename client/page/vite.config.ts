/** Builds the page into `dist`, which the console serves: hashed assets, one HTML file, nothing inline. */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    target: ['chrome109', 'firefox115', 'safari16'],
    outDir: 'dist',
    emptyOutDir: true,
    // a data: URL would need a wider policy than 'self'
    assetsInlineLimit: 0,
    // the polyfill is an inline script
    modulePreload: { polyfill: false },
  },
})
