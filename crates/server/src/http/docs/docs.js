// Shows openapi.json. Everything is put in as text; nothing is loaded from elsewhere.
'use strict';

const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

let schemas = {};

/** An example of a schema, as far as it can be told; references once deep. */
function sketch(schema, seen = []) {
  if (!schema) return null;
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    return seen.includes(name) ? `<${name}>` : sketch(schemas[name], [...seen, name]);
  }
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => sketch(part, seen)));
  const choice = schema.oneOf || schema.anyOf;
  if (choice) return sketch(choice.find((part) => part.type !== 'null') || choice[0], seen);
  if (schema.example !== undefined) return schema.example;
  if (schema.enum) return schema.enum.join(' | ');
  const type = [].concat(schema.type || 'object').find((name) => name !== 'null');
  if (type === 'array') return [sketch(schema.items, seen)];
  if (type !== 'object') return schema.format ? `${type} (${schema.format})` : type;
  const entries = Object.entries(schema.properties || {});
  return Object.fromEntries(entries.map(([name, part]) => [name, sketch(part, seen)]));
}

const json = (schema) => make('pre', {}, JSON.stringify(sketch(schema), null, 2));

function parameters(list) {
  const rows = list.map((item) =>
    make('tr', {}, make('td', {}, make('code', {}, item.name)), make('td', {}, item.in + (item.required ? ', required' : '')),
      make('td', {}, item.description || '')));
  return make('table', {}, make('tbody', {}, ...rows));
}

function content(title, part) {
  return Object.entries((part && part.content) || {}).flatMap(([type, { schema }]) =>
    [make('h3', {}, `${title} (${type})`), ...(schema ? [json(schema)] : [])]);
}

function operation(method, path, about) {
  const head = make('summary', {}, make('span', { class: 'method' }, method.toUpperCase()), make('code', {}, path),
    make('span', { class: 'about' }, about.summary || ''));
  const body = make('div', {});
  if (about.description) body.append(make('p', {}, about.description));
  if (about.parameters?.length) body.append(make('h3', {}, 'Parameters'), parameters(about.parameters));
  body.append(...content('Request', about.requestBody));
  for (const [status, answer] of Object.entries(about.responses)) {
    if (status !== 'default') body.append(...(answer.content ? content(status, answer) : [make('h3', {}, status)]));
  }
  return make('article', { id: about.operationId }, make('details', {}, head, body));
}

function show(description) {
  schemas = description.components.schemas;
  const groups = {};
  for (const [path, item] of Object.entries(description.paths)) {
    for (const [method, about] of Object.entries(item)) {
      if (about.operationId) (groups[about.tags?.[0] || 'other'] ||= []).push([method, path, about]);
    }
  }
  const main = document.getElementById('operations');
  const index = document.getElementById('index');
  main.replaceChildren();
  for (const [tag, list] of Object.entries(groups)) {
    main.append(make('h2', {}, tag), ...list.map((entry) => operation(...entry)));
    index.append(make('h2', {}, tag), ...list.map(([method, path, about]) =>
      make('a', { href: `#${about.operationId}` }, `${method.toUpperCase()} ${path.replace('/api/v1', '')}`)));
  }
  openNamed();
}

function openNamed() {
  const details = document.getElementById(location.hash.slice(1))?.querySelector('details');
  if (details) {
    details.open = true;
    details.scrollIntoView();
  }
}

addEventListener('hashchange', openNamed);
document.getElementById('filter').addEventListener('input', ({ target }) => {
  const words = target.value.toLowerCase();
  for (const link of document.querySelectorAll('#index a')) link.hidden = !link.textContent.toLowerCase().includes(words);
  for (const article of document.querySelectorAll('article')) {
    article.hidden = !article.querySelector('summary').textContent.toLowerCase().includes(words);
  }
});
fetch('/api/v1/openapi.json').then((answer) => answer.json()).then(show, (error) => {
  document.getElementById('operations').textContent = `The description could not be loaded: ${error}`;
});
