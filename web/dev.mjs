// The development server: Vite with hot reload on :5173, everything that is not the app goes to the Rust server.
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { writeTokens } from './tokens/generate.mjs';

const target = process.env.PARLOR_URL ?? 'http://127.0.0.1:8080';
const proxied = { target, changeOrigin: false };

writeTokens();
const server = await createServer({
  configFile: fileURLToPath(new URL('vite.config.js', import.meta.url)),
  appType: 'custom',
  server: {
    port: Number(process.env.PORT ?? 5173),
    proxy: { '/api': { ...proxied, ws: true }, '/files': proxied, '/help': proxied, '/embed': proxied, '/playground': proxied },
  },
  plugins: [{ name: 'inbox-fallback', configureServer: (vite) => () => vite.middlewares.use(servePage(vite)) }],
});
await server.listen();
server.printUrls();

/** Every address under /app/ that is no file is the one page. */
function servePage(vite) {
  return async (request, response, next) => {
    if (request.method !== 'GET') return next();
    try {
      const { readFile } = await import('node:fs/promises');
      const html = await readFile(new URL('inbox.html', import.meta.url), 'utf8');
      response.setHeader('Content-Type', 'text/html');
      response.end(await vite.transformIndexHtml('/app/inbox.html', html));
    } catch (error) {
      next(error);
    }
  };
}
