document.querySelector('[data-discuss]').onclick = function () {
  window.parlor.quick('compose', { to: [new URLSearchParams(location.search).get('to') || 'demo-marta'], context: { type: 'sheet', id: 'S-1', title: 'Safety sheet' } });
};
