import '../styles/app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { start } from './app.svelte';

mount(App, { target: document.getElementById('app')! });
void start();
