// The page of customers: a table, "Discuss" on each row, and navigation without loading, as single-page applications have it.
(function () {
  'use strict';
  var CUSTOMERS = [
    ['C-1041', 'Maison Laurent', 'Lyon', '12 oak shelves', 'demo-marta'],
    ['C-1042', 'Gasthof zur Linde', 'Vienna', '40 chairs', 'demo-clara'],
    ['C-1043', 'Casa Figueiredo', 'Porto', 'Dining table', 'demo-hugo'],
    ['C-1044', 'Harbour Books', 'Dublin', 'Counter and 6 stools', 'demo-sean'],
  ];
  var to = new URLSearchParams(location.search).get('to');
  var element = function (name, text) {
    var made = document.createElement(name);
    if (text) made.textContent = text;
    return made;
  };

  function rows() {
    var table = document.getElementById('customers');
    if (!table) return;
    CUSTOMERS.forEach(function (one) {
      var row = element('tr');
      one.slice(1, 4).forEach(function (text) { row.append(element('td', text)); });
      row.append(element('td', one[4].replace('demo-', '')));
      var button = element('button', '💬 Discuss');
      button.type = 'button';
      button.dataset.discuss = one[0];
      button.onclick = function () {
        window.parlor.quick('compose', {
          to: [to || one[4]],
          context: { type: 'customer', id: one[0], title: one[1] + ', ' + one[2], url: '/playground/?customer=' + one[0] },
          text: 'About ' + one[1] + ': ',
        });
      };
      var cell = element('td');
      cell.append(button);
      row.append(cell);
      table.append(row);
    });
  }

  function who() {
    var select = document.getElementById('who');
    if (!select) return;
    Object.keys(window.host.people).forEach(function (key) {
      var option = element('option', window.host.people[key][1]);
      option.value = key;
      option.selected = key === window.host.as;
      select.append(option);
    });
    select.onchange = function () { location.search = '?as=' + select.value; };
  }

  var theme = document.getElementById('theme');
  if (theme) {
    theme.onclick = function () {
      var root = document.documentElement;
      root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
    };
  }

  // A page change as such applications make it: the address, and a new body.
  document.addEventListener('click', function (event) {
    var link = event.target.closest && event.target.closest('a[data-page]');
    if (!link) return;
    event.preventDefault();
    history.pushState(null, '', link.dataset.page === 'orders' ? '/playground/?page=orders' : '/playground/');
    var body = document.body.cloneNode(true);
    body.querySelector('h1').textContent = link.textContent;
    document.documentElement.replaceChild(body, document.body);
  });
  rows();
  who();
})();
