import '../styles/app.css';
import { mount } from 'svelte';
import { contextOf } from '$ui/live.svelte';
import App from './App.svelte';
import { start } from './app.svelte';
import { live } from './live';

// A new version of the server has other chunks than this page knows: load the page anew, but not again and again.
addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem('parlor.reloaded') ?? 0);
  if (!navigator.onLine || Date.now() - last < 60_000) return;
  event.preventDefault();
  sessionStorage.setItem('parlor.reloaded', String(Date.now()));
  location.reload();
});

mount(App, { target: document.getElementById('app')!, context: contextOf(live) });
void start();
